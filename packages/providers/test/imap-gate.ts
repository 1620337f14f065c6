import { connect, createServer, type Socket } from 'node:net'

/** What happens to a client of the gate. */
export type Trouble =
  | { kind: 'outage' }
  | { kind: 'hang' }
  /** `ms` null: the server does not say how long. */
  | { kind: 'throttle'; ms: number | null }
  /** The next command's connection is cut, so many times. */
  | { kind: 'cut'; times: number }
  /** Reading this UID fails on the server's side. */
  | { kind: 'broken'; uid: number }

export type ImapGate = {
  port: number
  trouble(trouble: Trouble | null): void
  /** Ends all connections. */
  reset(): void
  close(): Promise<void>
}

/** A relay in front of a real server that reads along and does as a server in trouble does. */
export async function startImapGate(targetPort: number): Promise<ImapGate> {
  const sockets = new Set<Socket>()
  let trouble: Trouble | null = null
  const server = createServer(near => {
    if (trouble?.kind === 'outage') {
      near.on('error', () => {})
      near.end('* BYE [UNAVAILABLE] The server is down for maintenance\r\n')
      return
    }
    const far = connect(targetPort, '127.0.0.1')
    const pair = [near, far]
    for (const socket of pair) {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        for (const other of pair) if (trouble?.kind !== 'hang') other.destroy()
      })
    }
    far.on('data', chunk => {
      if (trouble?.kind !== 'hang') near.write(chunk)
    })
    near.on('data', chunk => {
      const line = chunk.toString('latin1')
      const [, tag = '', command = ''] = /^(\S+) (\S.*)/.exec(line) ?? []
      const now = trouble
      if (now?.kind === 'hang') return
      if (now?.kind === 'cut' && now.times > 0) {
        now.times -= 1
        near.resetAndDestroy()
        far.destroy()
        return
      }
      if (now?.kind === 'throttle' && tag !== '') {
        near.write(
          now.ms === null
            ? `${tag} NO [LIMIT] Too many requests\r\n`
            : `${tag} BAD Request is throttled. Suggested Backoff Time: ${now.ms} milliseconds\r\n`,
        )
        return
      }
      if (now?.kind === 'broken' && /^UID FETCH .*BODY/i.test(command) && names(command, now.uid)) {
        near.write(`${tag} NO [SERVERBUG] The message cannot be read\r\n`)
        return
      }
      far.write(chunk)
    })
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The gate has no port.')
  const reset = () => {
    for (const socket of sockets) socket.destroy()
  }
  return {
    port: address.port,
    trouble(next) {
      const hung = trouble?.kind === 'hang'
      trouble = next
      if (next?.kind === 'outage' || (next?.kind === 'throttle' && next.ms === null)) reset()
      if (hung) reset()
    },
    reset,
    close: () =>
      new Promise(resolve => {
        reset()
        server.close(() => resolve())
      }),
  }
}

function names(command: string, uid: number): boolean {
  const [, set = ''] = /^UID FETCH ([\d:,]+)/i.exec(command) ?? []
  return set.split(',').some(part => {
    const [first = 0, last = first] = part.split(':').map(Number)
    return uid >= first && uid <= last
  })
}
