import { once } from 'node:events'
import { type AddressInfo, connect, createServer } from 'node:net'
import { createInterface } from 'node:readline'
import type { Context } from './bench.ts'

/** A relay before an IMAP server that counts the commands that go through. Unencrypted, so that it can read them. */
export async function commandCounter(
  context: Context,
  serverPort: number,
): Promise<{ port: number; commands(): number }> {
  let commands = 0
  const server = createServer(near => {
    const far = connect(serverPort, '127.0.0.1')
    near.pipe(far)
    far.pipe(near)
    near.on('error', () => far.destroy())
    far.on('error', () => near.destroy())
    // A line with a tag; IDLE's DONE and what answers a challenge have none.
    createInterface({ input: near }).on('line', line => {
      if (/^\S+ [A-Z]/i.test(line)) commands++
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.onEnd(() => void server.close())
  return { port: (server.address() as AddressInfo).port, commands: () => commands }
}
