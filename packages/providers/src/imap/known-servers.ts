import type { ServerSettings } from './settings.ts'

/** How a provider wants to be logged in to. `oauth`: passwords are refused altogether. */
export type LoginWay = 'password' | 'app_password' | 'oauth'

export type KnownServer = {
  name: string
  /** Whole domain of the address. */
  domains: RegExp | null
  /** Host of the domain's mail exchanger, for people with a domain of their own. */
  mx: RegExp | null
  /** null: no mail program can read there. */
  imap: ServerSettings | null
  smtp: ServerSettings | null
  login: LoginWay
  /** What the user name is: the whole address, or what stands before the @. */
  user: 'address' | 'local'
  /** One sentence for the person, or null. */
  note: string | null
}

type More = Partial<Pick<KnownServer, 'domains' | 'mx' | 'login' | 'user' | 'note'>>

const tls = (host: string, port = 993): ServerSettings => ({ host, port, security: 'tls' })
const startTls = (host: string, port = 587): ServerSettings => ({ host, port, security: 'starttls' })

/** Most have TLS on both usual ports; a submission port other than 465 is given whole. */
function known(name: string, imap: string, smtp: string | ServerSettings, more: More): KnownServer {
  return {
    name,
    imap: tls(imap),
    smtp: typeof smtp === 'string' ? tls(smtp, 465) : smtp,
    domains: null,
    mx: null,
    login: 'password',
    user: 'address',
    note: null,
    ...more,
  }
}

const APP = 'Needs an app password: make one in the security settings of the account.'
const SWITCH = 'IMAP must be switched on in the settings of the mailbox first.'
const CODE = 'Needs an authorisation code instead of the password: switch IMAP on in the settings to get one.'
const OAUTH = 'Takes no passwords: connect it as a Microsoft account.'
const app = { login: 'app_password', note: APP } as const
const code = { login: 'app_password', note: CODE } as const
const switchOn = { note: SWITCH } as const

/** Common providers. From their help pages; they do change, and a wrong line only costs a failed try. */
export const KNOWN_SERVERS: readonly KnownServer[] = [
  known('Gmail', 'imap.gmail.com', 'smtp.gmail.com', {
    domains: /^(gmail|googlemail)\.com$/,
    mx: /(^|\.)(google|googlemail)\.com$/,
    login: 'app_password',
    note: 'Better connected as a Gmail account; over IMAP it needs 2-step verification and an app password.',
  }),
  known('Outlook.com', 'outlook.office365.com', startTls('smtp-mail.outlook.com'), {
    domains: /^((outlook|hotmail|live)\.(com|com?\.[a-z]{2}|[a-z]{2})|msn\.com|passport\.com)$/,
    mx: /\.olc\.protection\.outlook\.com$/,
    login: 'oauth',
    note: OAUTH,
  }),
  known('Microsoft 365', 'outlook.office365.com', startTls('smtp.office365.com'), {
    mx: /\.mail\.protection\.outlook\.com$|\.mx\.microsoft$/,
    login: 'oauth',
    note: OAUTH,
  }),
  known('Yahoo Japan', 'imap.mail.yahoo.co.jp', 'smtp.mail.yahoo.co.jp', {
    domains: /^(yahoo\.co\.jp|ybb\.ne\.jp)$/,
    user: 'local',
    ...switchOn,
  }),
  known('Yahoo', 'imap.mail.yahoo.com', 'smtp.mail.yahoo.com', {
    domains: /^(yahoo\.(com|[a-z]{2}|com?\.[a-z]{2})|ymail\.com|rocketmail\.com|myyahoo\.com)$/,
    mx: /\.yahoodns\.net$/,
    ...app,
  }),
  known('AOL', 'imap.aol.com', 'smtp.aol.com', {
    domains: /^(aol\.[a-z.]{2,6}|aim\.com|verizon\.net)$/,
    ...app,
  }),
  known('iCloud', 'imap.mail.me.com', startTls('smtp.mail.me.com'), {
    domains: /^(icloud|me|mac)\.com$/,
    mx: /\.mail\.icloud\.com$/,
    ...app,
  }),
  known('Fastmail', 'imap.fastmail.com', 'smtp.fastmail.com', {
    domains: /^(fastmail\.(com|fm|net|org|de|uk)|sent\.com|messagingengine\.com)$/,
    mx: /\.messagingengine\.com$/,
    ...app,
  }),
  known('GMX', 'imap.gmx.net', 'mail.gmx.net', {
    domains: /^gmx\.(de|net|at|ch|org|info|biz)$/,
    mx: /(^|\.)gmx\.net$/,
    ...switchOn,
  }),
  known('GMX', 'imap.gmx.com', 'mail.gmx.com', { domains: /^gmx\.(com|co\.uk|us|fr|es)$/, ...switchOn }),
  known('WEB.DE', 'imap.web.de', startTls('smtp.web.de'), { domains: /^(web|email)\.de$/, ...switchOn }),
  known('mail.com', 'imap.mail.com', 'smtp.mail.com', {
    domains: /^(mail|email|usa|post|consultant|engineer|europe)\.com$/,
    note: 'IMAP must be switched on in the settings, and some plans do not include it.',
  }),
  known('Zoho', 'imap.zoho.eu', 'smtp.zoho.eu', {
    domains: /^(zoho|zohomail)\.eu$/,
    mx: /(^|\.)zoho\.eu$/,
    note: `${SWITCH} With two-factor authentication it needs an app password.`,
  }),
  known('Zoho', 'imap.zoho.com', 'smtp.zoho.com', {
    domains: /^(zoho|zohomail)\.com$/,
    mx: /(^|\.)zoho(mail)?\.com$/,
    note: `${SWITCH} With two-factor authentication it needs an app password.`,
  }),
  known('Migadu', 'imap.migadu.com', 'smtp.migadu.com', { mx: /(^|\.)migadu\.com$/ }),
  known('mailbox.org', 'imap.mailbox.org', 'smtp.mailbox.org', {
    domains: /^mailbox\.org$/,
    mx: /(^|\.)mailbox\.org$/,
    note: 'With two-factor authentication it needs an app password.',
  }),
  known('Posteo', 'posteo.de', 'posteo.de', { domains: /^posteo\.[a-z]{2,4}$/, mx: /(^|\.)posteo\.de$/ }),
  known('Yandex', 'imap.yandex.com', 'smtp.yandex.com', {
    domains: /^(yandex\.(com|ru|by|kz|ua|com\.tr)|ya\.ru)$/,
    mx: /(^|\.)yandex\.(net|ru)$/,
    login: 'app_password',
    note: `${SWITCH} ${APP}`,
  }),
  known('Mail.ru', 'imap.mail.ru', 'smtp.mail.ru', {
    domains: /^(mail|inbox|list|bk|internet)\.ru$/,
    mx: /(^|\.)mail\.ru$/,
    ...app,
  }),
  known('NetEase 163', 'imap.163.com', 'smtp.163.com', { domains: /^163\.com$/, ...code }),
  known('NetEase 126', 'imap.126.com', 'smtp.126.com', { domains: /^126\.com$/, ...code }),
  known('NetEase yeah.net', 'imap.yeah.net', 'smtp.yeah.net', { domains: /^yeah\.net$/, ...code }),
  known('QQ', 'imap.qq.com', 'smtp.qq.com', { domains: /^(qq|foxmail)\.com$/, ...code }),
  known('Naver', 'imap.naver.com', 'smtp.naver.com', { domains: /^naver\.com$/, ...switchOn }),
  {
    ...known('Proton Mail', '127.0.0.1', startTls('127.0.0.1', 1025), {
      domains: /^(proton\.me|pm\.me|protonmail\.(com|ch))$/,
      mx: /(^|\.)protonmail\.ch$/,
      login: 'app_password',
      note: 'Needs Proton Mail Bridge on the machine where Inlet runs, with the password that Bridge shows, and private hosts allowed.',
    }),
    imap: startTls('127.0.0.1', 1143),
  },
  {
    ...known('Tuta', '', '', {
      domains: /^(tuta\.(com|io)|tutanota\.(com|de)|tutamail\.com|keemail\.me)$/,
      mx: /(^|\.)tutanota\.de$/,
      note: 'Lets no other program read mail: there is no IMAP.',
    }),
    imap: null,
    smtp: null,
  },
  known('OVH', 'ssl0.ovh.net', 'ssl0.ovh.net', { mx: /^(mx|redirect)\d*\.(mail\.)?ovh\.(net|ca)$/ }),
  known('IONOS', 'imap.ionos.de', 'smtp.ionos.de', { mx: /(^|\.)(ionos|kundenserver)\.de$/ }),
  known('IONOS', 'imap.ionos.com', 'smtp.ionos.com', { mx: /(^|\.)(ionos|1and1|perfora)\.(com|net)$/ }),
  known('STRATO', 'imap.strato.de', 'smtp.strato.de', { mx: /(^|\.)rzone\.de$/ }),
  known('Infomaniak', 'mail.infomaniak.com', 'mail.infomaniak.com', { mx: /(^|\.)infomaniak\.ch$/ }),
  known('Gandi', 'mail.gandi.net', 'mail.gandi.net', { mx: /(^|\.)mail\.gandi\.net$/ }),
  known('Hostinger', 'imap.hostinger.com', 'smtp.hostinger.com', { mx: /(^|\.)hostinger\.com$/ }),
  known('Private Email', 'mail.privateemail.com', 'mail.privateemail.com', {
    mx: /(^|\.)privateemail\.com$/,
  }),
  known('Rackspace', 'secure.emailsrvr.com', 'secure.emailsrvr.com', { mx: /(^|\.)emailsrvr\.com$/ }),
  known('Telekom', 'secureimap.t-online.de', 'securesmtp.t-online.de', {
    domains: /^(t-online|magenta)\.de$/,
    note: 'Needs the password for e-mail programs, which is set in the customer centre.',
  }),
  known('Orange', 'imap.orange.fr', 'smtp.orange.fr', { domains: /^(orange|wanadoo)\.fr$/ }),
  known('Free', 'imap.free.fr', 'smtp.free.fr', { domains: /^free\.fr$/ }),
  known('La Poste', 'imap.laposte.net', 'smtp.laposte.net', { domains: /^laposte\.net$/ }),
  known('Libero', 'imapmail.libero.it', 'smtp.libero.it', { domains: /^libero\.it$/ }),
  known('Seznam', 'imap.seznam.cz', 'smtp.seznam.cz', { domains: /^(seznam|email|post)\.cz$/ }),
  known('Comcast', 'imap.comcast.net', 'smtp.comcast.net', { domains: /^comcast\.net$/, ...switchOn }),
  known('AT&T', 'imap.mail.att.net', 'smtp.mail.att.net', {
    domains: /^(att|sbcglobal|bellsouth)\.net$/,
    login: 'app_password',
    note: 'Needs a secure mail key: make one in the profile of the account.',
  }),
  known('Mailfence', 'imap.mailfence.com', 'smtp.mailfence.com', { domains: /^mailfence\.com$/ }),
  known('Runbox', 'mail.runbox.com', 'mail.runbox.com', {
    domains: /^runbox\.com$/,
    mx: /(^|\.)runbox\.com$/,
  }),
  known('Riseup', 'mail.riseup.net', 'mail.riseup.net', { domains: /^riseup\.net$/, user: 'local' }),
]
