import { connect, createServer, type Server, type Socket } from 'node:net'
import { freePort } from './free-port.ts'

export interface TcpGate {
  port: number
  /** Resets all connections and refuses new ones. */
  cut(): Promise<void>
  /** Lets connections through again, after `cut` or `hang`. */
  restore(): Promise<void>
  /** Passes nothing on any more and closes nothing: a network that has gone away without a word. */
  hang(): void
  close(): Promise<void>
}

/** A relay in front of a local server, where a test breaks the connection between it and its client. */
export async function startTcpGate(targetPort: number): Promise<TcpGate> {
  const port = await freePort()
  const sockets = new Set<Socket>()
  let hanging = false
  let server: Server | null = null

  const relay = (near: Socket) => {
    const far = connect(targetPort, '127.0.0.1')
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(socket)
      socket.on('data', chunk => {
        if (!hanging) other.write(chunk)
      })
      socket.on('error', () => {})
      socket.on('close', () => {
        sockets.delete(socket)
        if (!hanging) other.destroy()
      })
    }
  }
  const listen = () =>
    new Promise<void>((resolve, reject) => {
      server = createServer(relay)
      server.once('error', reject)
      server.listen(port, '127.0.0.1', resolve)
    })
  const cut = async () => {
    const closing = server
    server = null
    const closed = new Promise<void>(resolve =>
      closing === null ? resolve() : closing.close(() => resolve()),
    )
    for (const socket of sockets) socket.resetAndDestroy()
    await closed
  }

  await listen()
  return {
    port,
    cut,
    async restore() {
      hanging = false
      await cut()
      await listen()
    },
    hang() {
      hanging = true
    },
    close: cut,
  }
}
