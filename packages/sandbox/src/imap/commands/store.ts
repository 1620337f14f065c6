import type { StoredPlace } from '../mailbox/types.ts'
import type { Session } from '../session.ts'
import { Args } from '../wire/args.ts'
import { formatSet } from '../wire/numbers.ts'
import { bad } from '../wire/refusal.ts'
import { type Commands, writableView } from './command.ts'
import { readFlags } from './flags.ts'

/** UNCHANGEDSINCE of a STORE's modifiers (RFC 7162 §3.1.3). */
function unchangedSince(session: Session, modifiers: Args | undefined): number {
  if (!modifiers) return Number.POSITIVE_INFINITY
  if (modifiers.word() !== 'UNCHANGEDSINCE') bad('That modifier is not known')
  const since = modifiers.number()
  modifiers.end()
  session.enableCondstore()
  return since
}

function store(session: Session, args: Args, byUid: boolean): string {
  const set = args.set()
  const since = unchangedSince(session, args.optionalList())
  const [, sign = '', silent] = /^([+-]?)FLAGS(\.SILENT)?$/.exec(args.word()) ?? bad('FLAGS was expected')
  const wanted = readFlags(args.optionalList() ?? new Args(args.rest()))
  args.end()
  const view = writableView(session)
  const named = view.named(set, byUid)
  const chosen = named.filter(({ place }) => place.modseq <= since)
  const flagsOf = ({ flags }: StoredPlace): readonly string[] => {
    if (sign === '+') return [...flags, ...wanted]
    return sign === '-' ? flags.filter(flag => !wanted.includes(flag)) : wanted
  }
  const places = chosen.map(({ place }) => place)
  const changed = new Map(
    view.mailbox.setFlags(view.folder, places, flagsOf).map(place => [place.uid, place] as const),
  )
  for (const { seq, place } of chosen) {
    const now = changed.get(place.uid) ?? place
    view.told(now)
    const uid = byUid ? ['UID', String(now.uid)] : []
    const modseq = session.condstore ? ['MODSEQ', [String(now.modseq)]] : []
    if (silent === undefined)
      session.out.line(['*', String(seq), 'FETCH', [...uid, ...modseq, 'FLAGS', now.flags]])
    else if (session.condstore) session.out.line(['*', String(seq), 'FETCH', [...uid, ...modseq]])
  }
  const failed = named.filter(({ place }) => place.modseq > since)
  if (failed.length === 0) return 'Stored'
  return `[MODIFIED ${formatSet(failed.map(({ seq, place }) => (byUid ? place.uid : seq)))}] Not all were stored`
}

export const STORE: Commands = {
  STORE: { needs: 'folder', keepsNumbers: true, run: (session, args) => store(session, args, false) },
  'UID STORE': { needs: 'folder', run: (session, args) => store(session, args, true) },
}
