import { connect, createServer, type Socket } from 'node:net'

export type Balancer = {
  /** Sends connections to these ports in turns; one where nobody listens is passed over. */
  close(): Promise<void>
}

/** What stands before several web servers in production: takes connections at one port, knows nothing of HTTP. */
export async function startBalancer(port: number, targets: readonly number[]): Promise<Balancer> {
  const sockets = new Set<Socket>()
  let turn = 0
  const pass = (near: Socket, tries: number) => {
    const target = targets[turn++ % targets.length]
    if (tries === 0 || target === undefined) return near.resetAndDestroy()
    const far = connect(target, '127.0.0.1')
    const refused = () => pass(near, tries - 1)
    far.once('error', refused)
    far.once('connect', () => {
      far.off('error', refused)
      join(near, far)
      near.pipe(far)
      far.pipe(near)
    })
  }
  const join = (near: Socket, far: Socket) => {
    sockets.add(far)
    far.on('error', () => near.resetAndDestroy())
    far.on('close', () => {
      sockets.delete(far)
      near.destroy()
    })
    near.on('close', () => far.destroy())
    if (near.destroyed) far.destroy()
  }
  const server = createServer({ pauseOnConnect: true }, near => {
    sockets.add(near)
    near.setNoDelay(true)
    near.on('error', () => {})
    near.on('close', () => sockets.delete(near))
    pass(near, targets.length)
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, '127.0.0.1', resolve)
  })
  return {
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}
