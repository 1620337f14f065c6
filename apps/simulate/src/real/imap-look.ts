import { ImapFlow } from 'imapflow'

/** A message at one of its places, as a plain mail program sees it. */
export type Found = {
  folder: string
  uid: number
  flags: Set<string>
  messageId: string
  /** Those of References, else what it answers. */
  references: string[]
  subject: string
  /** Epoch ms. */
  at: number
  size: number
}

const LIMIT_MS = 5_000
const QUERY = {
  uid: true,
  flags: true,
  envelope: true,
  internalDate: true,
  size: true,
  headers: ['references', 'in-reply-to'],
}

/** Everything in a mailbox, by a connection of its own. Throws when a folder goes away meanwhile. */
export async function lookInto(
  port: number,
  user: string,
  pass: string,
): Promise<{ folders: string[]; found: Found[] }> {
  const client = new ImapFlow({
    ...{ host: '127.0.0.1', port, secure: false, doSTARTTLS: false, auth: { user, pass } },
    ...{ logger: false, disableAutoIdle: true, socketTimeout: LIMIT_MS, connectionTimeout: LIMIT_MS },
  })
  client.on('error', () => {})
  try {
    await client.connect()
    const folders: string[] = []
    const found: Found[] = []
    for (const { path, flags } of await client.list()) {
      if (flags.has('\\Noselect') || flags.has('\\NonExistent')) continue
      const { exists } = await client.mailboxOpen(path, { readOnly: true })
      folders.push(path)
      for (const row of exists === 0 ? [] : await client.fetchAll('1:*', QUERY)) {
        const { uid, flags = new Set(), envelope, internalDate, size = 0 } = row
        const references = idsOf(row.headers, 'references') ?? idsOf(row.headers, 'in-reply-to') ?? []
        const at = new Date(internalDate ?? 0).getTime()
        const { messageId = '', subject = '' } = envelope ?? {}
        found.push({ folder: path, uid, flags, messageId, references, subject, at, size })
      }
    }
    return { folders, found }
  } finally {
    client.close()
  }
}

/** Message-IDs in a header of our own letters, which may be folded. */
function idsOf(headers: Buffer | undefined, name: string): string[] | null {
  const [, value = ''] = new RegExp(`^${name}:((?:.|\\r\\n[ \\t])*)`, 'im').exec(`${headers ?? ''}`) ?? []
  return value.match(/<[^<>\s]+>/g)
}
