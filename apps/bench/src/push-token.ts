import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { demoMailbox } from '../../../scripts/start/environment.ts'
import { control, type Product } from './product.ts'

type Push = { endpoint: string; audience: string; serviceAccountEmail: string }

/**
 * A token that the sandbox's Pub/Sub has signed for the product, taken from a push that is sent to us instead. Good
 * for an hour, as Google's are. From then on the sandbox pushes to nobody: the bench rings.
 */
export async function takePushToken(
  product: Product,
): Promise<{ authorization: string; restore(): Promise<void> }> {
  const { push } = (await control(product.sandboxUrl, 'state')) as { push: { target: Push } }
  const caught = Promise.withResolvers<string>()
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(204).end()
    if (request.headers.authorization) caught.resolve(request.headers.authorization)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const late = setTimeout(() => caught.reject(new Error('The sandbox pushed nothing within 15 s.')), 15_000)
  try {
    const { audience, serviceAccountEmail } = push.target
    const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`
    await control(product.sandboxUrl, 'push', { endpoint, audience, serviceAccountEmail })
    await control(product.sandboxUrl, 'deliver', { account: demoMailbox, generate: { count: 1 } })
    const authorization = await caught.promise
    await control(product.sandboxUrl, 'push', {})
    return {
      authorization,
      restore: async () => void (await control(product.sandboxUrl, 'push', push.target)),
    }
  } finally {
    clearTimeout(late)
    server.closeAllConnections()
    server.close()
  }
}

/** The body of a push as Pub/Sub wraps it. `id` is the message's; a repeated one counts as a duplicate. */
export function pushBody(id: string, mailbox = demoMailbox): string {
  const data = Buffer.from(JSON.stringify({ emailAddress: mailbox, historyId: 1 })).toString('base64')
  return JSON.stringify({
    message: { data, messageId: id, message_id: id, publishTime: '2026-11-21T00:00:00Z' },
    subscription: 'projects/inlet-sandbox/subscriptions/gmail-push',
  })
}
