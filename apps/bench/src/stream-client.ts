import { get } from 'node:http'
import type { BrowserContext } from 'playwright'
import { clock } from './browser.ts'

/** A plain reader of the product's stream beside the page's own: when each mark was on the wire, on our clock. */
export async function listenToFeed(
  baseUrl: string,
  context: BrowserContext,
): Promise<{ seen: ReadonlyMap<string, number>; close(): void }> {
  const cookies = await context.cookies(baseUrl)
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join('; ')
  const seen = new Map<string, number>()
  let rest = ''
  const { port } = new URL(baseUrl)
  const path = '/api/sse/email-updates'
  const request = await new Promise<ReturnType<typeof get>>((resolve, reject) => {
    const call = get({ host: '127.0.0.1', port, path, headers: { cookie } }, answer => {
      if (answer.statusCode !== 200) reject(new Error(`The stream was answered ${answer.statusCode}.`))
      answer.setEncoding('utf8')
      answer.on('data', (text: string) => {
        const at = clock()
        rest += text
        const end = rest.lastIndexOf('\n\n')
        for (const [mark] of rest.slice(0, end + 1).matchAll(/bench-[a-z0-9]+-\d+(?=-)/g))
          if (!seen.has(mark)) seen.set(mark, at)
        rest = rest.slice(end + 1)
      })
      answer.on('error', () => {})
      resolve(call)
    })
    call.on('error', reject)
  })
  request.on('error', () => {})
  return { seen, close: () => void request.destroy() }
}
