import { type IncomingHttpHeaders, type RequestOptions, request } from 'node:http'
import { type AddressInfo, connect, type Server, type Socket } from 'node:net'

export type Said = { status: number; headers: IncomingHttpHeaders; text: string }

export async function listening(server: Server): Promise<number> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

/** One request to 127.0.0.1. An array as body is sent in pieces, without a content-length. */
export function call(
  port: number,
  options: RequestOptions = {},
  body: string | string[] = '',
): Promise<Said> {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port, agent: false, ...options }, answer => {
      let text = ''
      answer.setEncoding('utf8')
      answer.on('data', chunk => {
        text += chunk
      })
      answer.on('error', reject)
      answer.on('end', () => resolve({ status: answer.statusCode ?? 0, headers: answer.headers, text }))
    })
    asked.on('error', reject)
    if (typeof body === 'string') asked.end(body)
    else {
      for (const piece of body) asked.write(piece)
      asked.end()
    }
  })
}

/** A bare connection that has sent `text`; `until` resolves when what came back matches, and rejects when it closes. */
export async function dial(port: number, text: string) {
  const socket: Socket = connect(port, '127.0.0.1')
  socket.setEncoding('utf8')
  let came = ''
  let closed = false
  const looks = new Set<() => void>()
  const look = () => {
    for (const each of [...looks]) each()
  }
  socket.on('data', chunk => {
    came += chunk
    look()
  })
  socket.on('error', () => {})
  const gone = new Promise<string>(resolve => {
    socket.on('close', () => {
      closed = true
      look()
      resolve(came)
    })
  })
  await new Promise<void>(resolve => socket.once('connect', resolve))
  socket.write(text)
  const until = (pattern: RegExp) =>
    new Promise<string>((resolve, reject) => {
      const check = () => {
        if (!pattern.test(came) && !closed) return
        looks.delete(check)
        if (pattern.test(came)) resolve(came)
        else reject(new Error(`The connection was closed after: ${came}`))
      }
      looks.add(check)
      check()
    })
  return { socket, until, gone, isOpen: () => !closed }
}
