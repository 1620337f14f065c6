import type { Session } from '../session.ts'
import type { Args } from '../wire/args.ts'
import { formatSet, type NumberSet } from '../wire/numbers.ts'
import { type Commands, folderAt, viewOf, writableView } from './command.ts'

function transfer(session: Session, args: Args, byUid: boolean, mode: 'copy' | 'move'): string {
  const set = args.set()
  const path = args.path()
  args.end()
  const view = mode === 'move' ? writableView(session) : viewOf(session)
  const to = folderAt(session, path, true)
  const places = view.named(set, byUid).map(({ place }) => place)
  const made = view.mailbox.transfer(view.folder, places, to, mode)
  if (made.length === 0) return 'There was nothing to do'
  const uids = (list: readonly { uid: number }[]): string => formatSet(list.map(({ uid }) => uid))
  const code = `[COPYUID ${to.uidValidity} ${uids(places)} ${uids(made)}]`
  if (mode === 'copy') return `${code} Copied`
  // RFC 6851 §4.3: before the expunges, in an answer of its own.
  session.out.line(['*', 'OK', code, 'Moved'])
  return 'Moved'
}

function expunge(session: Session, set: NumberSet | null): string {
  const view = writableView(session)
  const named = set ? view.named(set, true) : view.all()
  const places = named.map(({ place }) => place).filter(({ flags }) => flags.includes('\\Deleted'))
  view.mailbox.expunge(view.folder, places)
  return 'Expunged'
}

export const COPY: Commands = {
  COPY: { needs: 'folder', run: (session, args) => transfer(session, args, false, 'copy') },
  'UID COPY': { needs: 'folder', run: (session, args) => transfer(session, args, true, 'copy') },
  MOVE: { needs: 'folder', run: (session, args) => transfer(session, args, false, 'move') },
  'UID MOVE': { needs: 'folder', run: (session, args) => transfer(session, args, true, 'move') },
  EXPUNGE: {
    needs: 'folder',
    run: (session, args) => {
      args.end()
      return expunge(session, null)
    },
  },
  'UID EXPUNGE': {
    needs: 'folder',
    run: (session, args) => {
      const set = args.set()
      args.end()
      return expunge(session, set)
    },
  },
}
