import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { control } from './product.ts'

/** The Authorization of a push that the sandbox's Pub/Sub has signed for the product: one push is sent to us instead. */
export async function pushAuthorization(): Promise<string> {
  const { push } = (await control('state', undefined, 'GET')) as {
    push: { target: { endpoint: string; audience: string; serviceAccountEmail: string } }
  }
  const caught = Promise.withResolvers<string>()
  const server = createServer((request, response) => {
    request.resume()
    response.writeHead(204).end()
    if (request.headers.authorization) caught.resolve(request.headers.authorization)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}/push`
  try {
    await control('push', { ...push.target, endpoint })
    await control('deliver', { account: 'demo@inlet.test', generate: { count: 1 } })
    return await caught.promise
  } finally {
    await control('push', push.target)
    server.closeAllConnections()
    server.close()
  }
}
