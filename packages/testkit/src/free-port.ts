import { createServer } from 'node:net'

/**
 * A port of 127.0.0.1 on which nothing listens now, between 20000 and 32767: above, the system hands ports to
 * outgoing connections, and one of those could take it before the server that it is meant for.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 12_768)
    if (await isFree(port)) return port
  }
  throw new Error('Found no free port between 20000 and 32767 on 127.0.0.1 in 50 attempts.')
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
}
