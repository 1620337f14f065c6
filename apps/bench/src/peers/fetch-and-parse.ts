import { gmail_v1 } from 'googleapis/build/src/apis/gmail/v1.js'

type Options = { url: string; token: string; concurrency: number; signal: AbortSignal }

/**
 * What anyone would write first: list the ids, fetch each message in full, so many at a time, decode what a reader
 * needs, and forget it. Nobody reads a mailbox over this API faster with the same client. Returns how many it read.
 */
export async function fetchAndParse({ url, token, concurrency, signal }: Options): Promise<number> {
  const gmail = new gmail_v1.Gmail({ rootUrl: `${url}/` })
  const options = { headers: { authorization: `Bearer ${token}` }, signal, retry: false }
  let read = 0
  let pageToken: string | undefined
  do {
    const { data } = await gmail.users.messages.list(
      { userId: 'me', maxResults: 500, includeSpamTrash: true, ...(pageToken && { pageToken }) },
      options,
    )
    const ids = (data.messages ?? []).map(message => message.id ?? '')
    const worker = async () => {
      for (let id = ids.shift(); id !== undefined; id = ids.shift()) {
        const message = await gmail.users.messages.get({ userId: 'me', id, format: 'full' }, options)
        if (parse(message.data).receivedAt > 0) read++
      }
    }
    await Promise.all(Array.from({ length: concurrency }, worker))
    pageToken = data.nextPageToken ?? undefined
  } while (pageToken !== undefined)
  return read
}

function parse(message: gmail_v1.Schema$Message) {
  const headers = new Map(
    (message.payload?.headers ?? []).map(({ name, value }) => [name?.toLowerCase() ?? '', value ?? '']),
  )
  const texts: string[] = []
  const walk = (part: gmail_v1.Schema$MessagePart | undefined) => {
    if (part?.mimeType?.startsWith('text/') && part.body?.data)
      texts.push(Buffer.from(part.body.data, 'base64url').toString('utf8'))
    for (const child of part?.parts ?? []) walk(child)
  }
  walk(message.payload)
  const addresses = (name: string) => (headers.get(name) ?? '').split(',').map(one => one.trim())
  return {
    subject: headers.get('subject') ?? '',
    from: addresses('from'),
    to: addresses('to'),
    cc: addresses('cc'),
    labels: message.labelIds ?? [],
    receivedAt: Number(message.internalDate),
    texts,
  }
}
