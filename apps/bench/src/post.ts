import { Agent, request } from 'node:http'

/** Sends a body over a kept-alive connection; answers the status. */
export type Post = (body: string) => Promise<number>

export function poster(baseUrl: string, path: string, authorization: string): Post {
  const agent = new Agent({ keepAlive: true, maxSockets: 8 })
  const { port } = new URL(baseUrl)
  return body =>
    new Promise((resolve, reject) => {
      const headers = {
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        ...(authorization && { authorization }),
      }
      const call = request(
        { host: '127.0.0.1', port, path, method: 'POST', agent, headers, timeout: 10_000 },
        answer => {
          answer.resume()
          answer.on('end', () => resolve(answer.statusCode ?? 0))
        },
      )
      call.on('timeout', () => call.destroy(new Error(`${path} did not answer within 10 s.`)))
      call.on('error', reject)
      call.end(body)
    })
}
