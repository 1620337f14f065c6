import { createServer } from 'node:net'

/** Outgoing connections take ports from here up (Linux: net.ipv4.ip_local_port_range), so a server may find its own taken. */
const ephemeralFloor = 32768
const randomFloor = 20000

/**
 * True when nobody listens on the port on any address that `localhost` may lead to.
 * The wildcard addresses are tried too: macOS lets a second server bind 127.0.0.1 beside one on 0.0.0.0.
 */
export async function isFree(port: number): Promise<boolean> {
  for (const host of ['127.0.0.1', '0.0.0.0', '::1', '::']) {
    if (!(await canListen(port, host))) return false
  }
  return true
}

/** The preferred port if it is free, else a random free one between 20000 and 32767. */
export async function freePort(preferred?: number): Promise<number> {
  if (preferred && (await isFree(preferred))) return preferred
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomFloor + Math.floor(Math.random() * (ephemeralFloor - randomFloor))
    if (await isFree(port)) return port
  }
  throw new Error(`No free port found in 100 attempts between ${randomFloor} and ${ephemeralFloor - 1}.`)
}

/** The first free port from `first` upwards. */
export async function nextFreePort(first: number): Promise<number> {
  for (let port = first; port < first + 100; port++) {
    if (await isFree(port)) return port
  }
  throw new Error(`All ports from ${first} to ${first + 99} are in use. Set PORT to a free one.`)
}

function canListen(port: number, host: string): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'EADDRNOTAVAIL' || error.code === 'EAFNOSUPPORT')
    })
    server.listen({ port, host, exclusive: true, ipv6Only: host === '::' }, () =>
      server.close(() => resolve(true)),
    )
  })
}
