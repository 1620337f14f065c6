import { connect as connectPlain, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import { trust } from './trust.ts'

/** A greeting is a line; more than this before its end is none. */
const TEXT_MAX = 16_384

/** A connection on which lines are asked and answered. Only for a look at a server: no mail passes through it. */
export type LineSocket = {
  /** Text up to the first match of `end`. Rejects with the socket's error, or with `NoConnection` when it closes before. */
  read(end: RegExp): Promise<string>
  write(line: string): void
  /** What has come and was not read. */
  pending(): string
  /** Goes on over TLS; rejects with Node's error when the certificate is not right. */
  secure(): Promise<void>
  destroy(): void
}

export type Target = {
  address: string
  port: number
  servername: string | null
  /** PEM, besides the system's. */
  trusted: readonly string[]
}

/** Connects; destroyed at abort, so that every wait ends. */
export async function openLineSocket(target: Target, tls: boolean, signal: AbortSignal): Promise<LineSocket> {
  let socket: Socket = tls
    ? connectTls(tlsOptions(target))
    : connectPlain({ host: target.address, port: target.port })
  let text = ''
  let failure: unknown = null
  let wake = () => {}
  const hear = (chunk: Buffer) => {
    text = (text + chunk.toString('latin1')).slice(0, TEXT_MAX)
    wake()
  }
  const fail = (error: unknown) => {
    failure ??= error
    wake()
  }
  const closed = () => fail(Object.assign(new Error('the connection was closed'), { code: 'NoConnection' }))
  const attach = (to: Socket) => to.on('data', hear).on('error', fail).on('close', closed).on('end', closed)
  signal.addEventListener('abort', () => socket.destroy(), { once: true })

  const once = (event: string) =>
    new Promise<void>((resolve, reject) => {
      socket.once(event, resolve)
      wake = () => {
        if (failure) reject(failure)
      }
    })

  attach(socket)
  await once(tls ? 'secureConnect' : 'connect')
  return {
    read: end =>
      new Promise((resolve, reject) => {
        wake = () => {
          const match = end.exec(text)
          if (match) {
            const upTo = match.index + match[0].length
            resolve(text.slice(0, upTo))
            text = text.slice(upTo)
          } else if (failure) reject(failure)
          else if (text.length >= TEXT_MAX)
            reject(Object.assign(new Error('no line ends'), { code: 'garbled' }))
        }
        wake()
      }),
    write: line => void socket.write(`${line}\r\n`),
    pending: () => text,
    async secure() {
      const plain = socket
      plain.off('data', hear).off('close', closed).off('end', closed)
      socket = connectTls({ ...tlsOptions(target), socket: plain })
      attach(socket)
      await once('secureConnect')
    },
    destroy: () => socket.destroy(),
  }
}

function tlsOptions({ address, port, servername, trusted }: Target) {
  return {
    host: address,
    port,
    ...(servername !== null && { servername }),
    secureContext: trust(trusted),
  }
}
