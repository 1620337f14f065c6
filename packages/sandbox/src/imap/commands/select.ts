import type { Session } from '../session.ts'
import { View } from '../view.ts'
import type { Args } from '../wire/args.ts'
import { bad } from '../wire/refusal.ts'
import { type Commands, folderAt, mailboxOf, viewOf } from './command.ts'

export const SYSTEM_FLAGS = ['\\Answered', '\\Flagged', '\\Deleted', '\\Seen', '\\Draft']

function select(session: Session, args: Args, readOnly: boolean): string {
  const path = args.path()
  const options = args.optionalList()
  args.end()
  while (options?.more) if (options.word() !== 'CONDSTORE') bad('That option is not known')
  // A SELECT that fails leaves nothing selected (RFC 3501 §6.3.1).
  session.view = null
  if (options) session.enableCondstore()
  const folder = folderAt(session, path)
  const view = new View(mailboxOf(session), folder, readOnly)
  session.view = view
  const all = view.all()
  const keywords = new Set(all.flatMap(({ place }) => place.flags.filter(flag => !flag.startsWith('\\'))))
  const flags = [...SYSTEM_FLAGS, ...keywords]
  const unseen = all.find(({ place }) => !place.flags.includes('\\Seen'))
  const { out } = session
  out.line(['*', 'FLAGS', flags])
  out.line([
    '*',
    'OK',
    `[PERMANENTFLAGS (${readOnly ? '' : [...flags, '\\*'].join(' ')})]`,
    'Flags that stay',
  ])
  out.line(['*', String(view.count), 'EXISTS'])
  out.line(['*', '0', 'RECENT'])
  if (unseen) out.line(['*', 'OK', `[UNSEEN ${unseen.seq}]`, 'The first that is unread'])
  out.line(['*', 'OK', `[UIDVALIDITY ${folder.uidValidity}]`, 'Of this numbering'])
  out.line(['*', 'OK', `[UIDNEXT ${folder.uidNext}]`, 'The next number'])
  out.line(['*', 'OK', `[HIGHESTMODSEQ ${folder.highestModseq}]`, 'The last change'])
  return `[${readOnly ? 'READ-ONLY' : 'READ-WRITE'}] Opened`
}

export const SELECT: Commands = {
  SELECT: { needs: 'login', run: (session, args) => select(session, args, false) },
  EXAMINE: { needs: 'login', run: (session, args) => select(session, args, true) },
  CHECK: { needs: 'folder', run: () => 'Done' },
  UNSELECT: {
    needs: 'folder',
    run: (session, args) => {
      args.end()
      session.view = null
      return 'Closed'
    },
  },
  CLOSE: {
    needs: 'folder',
    run: (session, args) => {
      args.end()
      const view = viewOf(session)
      session.view = null
      const places = view.all().flatMap(({ place }) => (place.flags.includes('\\Deleted') ? [place] : []))
      if (!view.readOnly) view.mailbox.expunge(view.folder, places)
      return 'Closed'
    },
  },
}
