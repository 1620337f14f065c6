import { normalPath } from '../mailbox/imap-mailbox.ts'
import type { StoredFolder } from '../mailbox/types.ts'
import type { Session } from '../session.ts'
import type { Args } from '../wire/args.ts'
import { no } from '../wire/refusal.ts'
import { type Commands, folderAt, mailboxOf } from './command.ts'

const MAX_PATH = 500
const MAX_FOLDERS = 5000

/** The path of a folder to be made; nothing may be there yet. */
function newPath(session: Session, text: string): string {
  const path = normalPath(text.replace(/\/$/, ''))
  const good = path.length <= MAX_PATH && path.split('/').every(name => name !== '' && !/[*%]/.test(name))
  if (!good) no('That is no name for a folder', 'CANNOT')
  if (mailboxOf(session).find(path)) no('There is a folder of that name', 'ALREADYEXISTS')
  return path
}

/** Makes the folders above a path that are missing (RFC 3501 §6.3.3, §6.3.5). */
function makeParents(session: Session, path: string): void {
  const mailbox = mailboxOf(session)
  if (mailbox.folders().length >= MAX_FOLDERS) no('There are too many folders', 'LIMIT')
  for (let cut = path.indexOf('/'); cut !== -1; cut = path.indexOf('/', cut + 1)) {
    const parent = path.slice(0, cut)
    if (!mailbox.find(parent)) mailbox.createFolder(parent)
  }
}

function remove(session: Session, args: Args): string {
  const folder = folderAt(session, args.path())
  args.end()
  if (folder.path === 'INBOX') no('The inbox stays', 'CANNOT')
  if (session.sees(folder)) session.view = null
  mailboxOf(session).deleteFolder(folder)
  return 'Deleted'
}

function rename(session: Session, args: Args): string {
  const from = folderAt(session, args.path())
  const path = newPath(session, args.path())
  args.end()
  const mailbox = mailboxOf(session)
  if (path.startsWith(`${from.path}/`) && from.path !== 'INBOX')
    no('A folder cannot be put into itself', 'CANNOT')
  makeParents(session, path)
  if (from.path === 'INBOX') {
    // RFC 3501 §6.3.5: its messages go, the inbox stays.
    mailbox.transfer(from, [...mailbox.places(from.id).values()], mailbox.createFolder(path), 'move')
    return 'Moved'
  }
  const below = mailbox.folders().filter(folder => folder.path.startsWith(`${from.path}/`))
  mailbox.rename(
    [from, ...below].map((folder): [StoredFolder, string] => [
      folder,
      path + folder.path.slice(from.path.length),
    ]),
  )
  return 'Renamed'
}

function subscribe(session: Session, args: Args, on: boolean): string {
  const path = normalPath(args.path())
  args.end()
  const mailbox = mailboxOf(session)
  if (on) folderAt(session, path)
  const others = mailbox.account.subscriptions.filter(other => other !== path)
  mailbox.updateAccount({ subscriptions: on ? [...others, path] : others })
  return 'Done'
}

export const FOLDERS: Commands = {
  CREATE: {
    needs: 'login',
    run: (session, args) => {
      const path = newPath(session, args.path())
      args.end()
      makeParents(session, path)
      mailboxOf(session).createFolder(path)
      return 'Created'
    },
  },
  DELETE: { needs: 'login', run: remove },
  RENAME: { needs: 'login', run: rename },
  SUBSCRIBE: { needs: 'login', run: (session, args) => subscribe(session, args, true) },
  UNSUBSCRIBE: { needs: 'login', run: (session, args) => subscribe(session, args, false) },
}
