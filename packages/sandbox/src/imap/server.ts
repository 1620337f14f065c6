import { createServer, type Server, type Socket } from 'node:net'
import type { Imap } from './imap.ts'
import { Session } from './session.ts'

/** The IMAP server. Connections that come before the mailboxes are there wait for them. */
export function createImapServer(ready: Promise<Imap>): Server {
  return createServer(socket => {
    socket.on('error', () => socket.destroy())
    ready.then(
      imap => serve(imap, socket),
      () => socket.destroy(),
    )
  })
}

function serve(imap: Imap, socket: Socket): void {
  if (socket.destroyed) return
  if (imap.sessions.size >= imap.limits.connections) {
    socket.end('* BYE There are too many connections\r\n', () => socket.destroy())
    return
  }
  const session = new Session(imap, socket)
  imap.sessions.add(session)
  void session.run().finally(() => imap.sessions.delete(session))
}
