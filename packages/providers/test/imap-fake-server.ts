import { createServer, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export type FakeServer = { port: number; connections(): number }

/** A server that does what the test says on each connection. Closed with everything when the test ends. */
export async function fakeServer(
  onConnection: (socket: Socket, number: number) => void,
): Promise<FakeServer> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    connections += 1
    onConnection(socket, connections)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(
    () =>
      new Promise(resolve => {
        for (const socket of sockets) socket.destroy()
        server.close(() => resolve())
      }),
  )
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The fake server has no port.')
  return { port: address.port, connections: () => connections }
}

/** Sends these bytes to everybody who connects, and then does nothing or closes. */
export const saying = (bytes: string | Buffer, then: 'stay' | 'close' = 'stay') =>
  fakeServer(socket => (then === 'close' ? socket.end(bytes) : socket.write(bytes)))

export type ImapScript = {
  greeting?: string
  capabilities?: string
  /** Answers by the first word of a command (`UID FETCH` by FETCH). Without one: `OK`. */
  on?: Record<string, (reply: ImapReply) => void>
}

export type ImapReply = {
  line: string
  /** Sends bytes as they are. */
  send(bytes: string | Buffer): void
  /** Sends the tagged end: `OK`, `NO [ALERT] …`. */
  end(result: string): void
  socket: Socket
}

/** An IMAP server in as many lines as a test needs. */
export function fakeImap({ greeting = '* OK ready', capabilities = 'IMAP4rev1', on = {} }: ImapScript) {
  return fakeServer(socket => {
    socket.write(`${greeting}\r\n`)
    let text = ''
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      for (let at = text.indexOf('\r\n'); at >= 0; at = text.indexOf('\r\n')) {
        const line = text.slice(0, at)
        text = text.slice(at + 2)
        const [tag = '', ...words] = line.split(' ')
        const command = (words[0] === 'UID' ? words[1] : words[0])?.toUpperCase() ?? ''
        const send = (bytes: string | Buffer) => void socket.write(bytes)
        const end = (result: string) => send(`${tag} ${result}\r\n`)
        // Asked for the prefix of all folders, it has none.
        if (line.endsWith('LIST "" ""')) {
          send('* LIST (\\Noselect) "/" ""\r\n')
          end('OK done')
        } else if (on[command]) on[command]({ line, send, end, socket })
        else if (command === 'CAPABILITY') {
          send(`* CAPABILITY ${capabilities}\r\n`)
          end('OK done')
        } else if (command === 'SELECT' || command === 'EXAMINE') {
          send('* 1 EXISTS\r\n* OK [UIDVALIDITY 1] x\r\n* OK [UIDNEXT 5] x\r\n')
          end('OK [READ-WRITE] done')
        } else end('OK done')
      }
    })
  })
}
