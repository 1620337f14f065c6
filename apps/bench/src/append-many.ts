import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { createInterface, type Interface } from 'node:readline'
import type { Mail } from './real-mail.ts'

/** In one command (RFC 3502), so that the server opens and closes the folder once for all of them. */
const AT_ONCE = 500
const ANSWER_MS = 120_000

/**
 * Fills a folder of a server that has MULTIAPPEND and LITERAL+, without waiting for an answer to each message. Throws what
 * the server says when it does not take them.
 */
export async function appendMany(
  login: { port: number; user: string; password: string },
  folder: string,
  mail: Iterable<Mail>,
): Promise<number> {
  const socket = connect(login.port, '127.0.0.1')
  socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('The mail server was silent for too long.')))
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  let commands = 0
  const tagged = () => `b${++commands}`
  try {
    const hello = tagged()
    socket.write(`${hello} LOGIN "${login.user}" "${login.password}"\r\n`)
    await answered(lines, hello)
    let done = 0
    for (let more = mail[Symbol.iterator](), next = more.next(); !next.done; ) {
      const tag = tagged()
      await send(socket, Buffer.from(`${tag} APPEND "${folder}"`))
      for (let n = 0; n < AT_ONCE && !next.done; n++, next = more.next(), done++) {
        const { raw, date } = next.value
        await send(socket, Buffer.from(` "${imapDate(date)}" {${raw.length}+}\r\n`))
        await send(socket, raw)
      }
      socket.write('\r\n')
      await answered(lines, tag)
    }
    return done
  } finally {
    socket.destroy()
  }
}

async function send(socket: Socket, bytes: Buffer): Promise<void> {
  if (!socket.write(bytes)) await once(socket, 'drain')
}

async function answered(
  lines: ReturnType<Interface[typeof Symbol.asyncIterator]>,
  tag: string,
): Promise<void> {
  for (;;) {
    const { value, done } = await lines.next()
    if (done) throw new Error('The mail server closed the connection.')
    if (!value.startsWith(`${tag} `)) continue
    if (value.startsWith(`${tag} OK`)) return
    throw new Error(`The mail server answered: ${value}`)
  }
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** RFC 3501 date-time. */
function imapDate(date: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${two(date.getUTCDate())}-${MONTHS[date.getUTCMonth()]}-${date.getUTCFullYear()}`
  return `${day} ${two(date.getUTCHours())}:${two(date.getUTCMinutes())}:${two(date.getUTCSeconds())} +0000`
}
