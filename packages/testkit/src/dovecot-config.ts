export type DovecotOptions = {
  /** Logins; each one's password is `passwordOf(user)`. Default `ann@inlet.test`. */
  users?: readonly string[]
  /** How mail lies on disk. Default maildir. */
  format?: 'maildir' | 'sdbox'
  /** What the server keeps to itself: adapters believe what is advertised, so this makes it an older server. */
  hide?: readonly Hideable[]
  /** Between the names of a path. Default `/`. */
  separator?: '/' | '.'
  /** Special-use folders made for everyone: use → name. Default English names. */
  folders?: Readonly<Partial<Record<SpecialUse, string>>>
  /** Names in the certificate. Default localhost and 127.0.0.1. */
  certificateNames?: readonly string[]
  /** The certificate's last day lies behind us. */
  certificateExpired?: boolean
  /** Takes access tokens as well, and asks there what they are worth (RFC 7662). */
  introspectionUrl?: string
  /** Further lines of Dovecot's own configuration. */
  settings?: string
}

export type Hideable =
  | 'QRESYNC'
  | 'CONDSTORE'
  | 'IDLE'
  | 'MOVE'
  | 'UIDPLUS'
  | 'SPECIAL-USE'
  | 'LIST-STATUS'
  | 'ESEARCH'
  | 'ID'
  | 'LITERAL+'
export type SpecialUse = 'Drafts' | 'Sent' | 'Trash' | 'Junk' | 'Archive' | 'All' | 'Flagged'

export const ENGLISH = {
  Drafts: 'Drafts',
  Sent: 'Sent',
  Trash: 'Trash',
  Junk: 'Junk',
  Archive: 'Archive',
} as const

const CAPABILITIES =
  'IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY THREAD=REFERENCES THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT CHILDREN NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY SPECIAL-USE'

/** A whole configuration that reads nothing of /etc and needs no privileges: every process runs as `user`. */
export function dovecotConfig(
  options: DovecotOptions,
  place: { folder: string; user: string; group: string; port: number; tlsPort: number },
): string {
  const { folder, user, group, port, tlsPort } = place
  const { format = 'maildir', hide = [], separator = '/', settings = '' } = options
  const capability =
    hide.length === 0
      ? ''
      : `imap_capability = ${CAPABILITIES.split(' ')
          .filter(each => !hide.some(hidden => hidden === each))
          .join(' ')}`
  const specialUse = Object.entries(options.folders ?? ENGLISH)
    .map(([use, name]) => `  mailbox "${name}" {\n    auto = create\n    special_use = \\${use}\n  }`)
    .join('\n')
  return `protocols = imap
listen = 127.0.0.1
base_dir = ${folder}/run
state_dir = ${folder}/state
log_path = ${folder}/log
default_internal_user = ${user}
default_internal_group = ${group}
default_login_user = ${user}
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <${folder}/certificate.pem
ssl_key = <${folder}/key.pem
disable_plaintext_auth = no
auth_failure_delay = 0
mail_location = ${format === 'maildir' ? 'maildir:~/mail:LAYOUT=fs' : 'sdbox:~/mail'}
mail_max_userip_connections = 50
imap_id_log = *
mail_fsync = never
${capability}
${options.introspectionUrl === undefined ? '' : byToken(folder)}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u ${folder}/users
}
userdb {
  driver = static
  args = uid=${user} gid=${group} home=${folder}/home/%u
}
service anvil {
  chroot =
  # Otherwise wrong passwords make every later login from this address wait.
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tlsPort}
    ssl = yes
  }
}
namespace inbox {
  inbox = yes
  separator = ${separator}
${specialUse}
}
${settings}
`
}

const byToken = (folder: string): string => `auth_mechanisms = plain xoauth2 oauthbearer
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = ${folder}/oauth2.conf
}`

/** The other file, which says how a token is looked at. */
export const introspectionConfig = (url: string): string => `introspection_url = ${url}
introspection_mode = post
force_introspection = yes
username_attribute = email
active_attribute = active
active_value = true
`
