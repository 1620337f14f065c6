import type { StoredPlace } from '../mailbox/types.ts'
import { envelopeOf } from '../message/envelope.ts'
import { sectionBytes } from '../message/section.ts'
import { structureOf } from '../message/structure.ts'
import type { Session } from '../session.ts'
import type { Seen, View } from '../view.ts'
import type { Args } from '../wire/args.ts'
import { formatDate } from '../wire/dates.ts'
import { bad } from '../wire/refusal.ts'
import { Literal, NIL, type Token } from '../wire/tokens.ts'
import { type Commands, viewOf } from './command.ts'
import { type FetchItem, readItems } from './fetch-items.ts'

async function fetch(session: Session, args: Args, byUid: boolean): Promise<string> {
  const set = args.set()
  const items = readItems(args)
  const since = changedSince(args.optionalList())
  args.end()
  if (byUid && !items.some(({ kind }) => kind === 'UID')) items.unshift({ kind: 'UID' })
  if (since !== null && !items.some(({ kind }) => kind === 'MODSEQ')) items.push({ kind: 'MODSEQ' })
  if (items.some(({ kind }) => kind === 'MODSEQ')) session.enableCondstore()
  const view = viewOf(session)
  const reads = !view.readOnly && items.some(item => item.kind === 'section' && !item.peek)
  for (const seen of view.named(set, byUid).filter(({ place }) => place.modseq > (since ?? -1))) {
    const place = reads ? markSeen(view, seen) : seen.place
    const asked = place === seen.place ? items : withFlags(items, session.condstore)
    session.out.line(['*', String(seen.seq), 'FETCH', asked.flatMap(item => answerOf(item, place, view))])
    if (asked.some(({ kind }) => kind === 'FLAGS')) view.told(place)
    await session.out.drained()
  }
  return 'Fetched'
}

/** CHANGEDSINCE of a FETCH's modifiers (RFC 7162 §3.1.4.1), or null. */
function changedSince(modifiers: Args | undefined): number | null {
  if (!modifiers) return null
  if (modifiers.word() !== 'CHANGEDSINCE') bad('That modifier is not known')
  const since = modifiers.number()
  modifiers.end()
  return since
}

/** Reading a body marks it as read (RFC 3501 §6.4.5); the client is told the flags then. */
function markSeen(view: View, { place }: Seen): StoredPlace {
  const now = view.mailbox.places(view.id).get(place.uid)
  if (!now) return place
  return view.mailbox.setFlags(view.folder, [now], ({ flags }) => [...flags, '\\Seen'])[0] ?? place
}

function withFlags(items: readonly FetchItem[], modseq: boolean): FetchItem[] {
  const kinds = modseq ? (['FLAGS', 'MODSEQ'] as const) : (['FLAGS'] as const)
  const missing = kinds.filter(kind => !items.some(item => item.kind === kind))
  return [...items, ...missing.map(kind => ({ kind }))]
}

function answerOf(item: FetchItem, place: StoredPlace, view: View): Token[] {
  const parsed = (): ReturnType<typeof view.mailbox.parsed> => view.mailbox.parsed(place)
  switch (item.kind) {
    case 'UID':
      return ['UID', String(place.uid)]
    case 'FLAGS':
      return ['FLAGS', place.flags]
    case 'INTERNALDATE':
      return ['INTERNALDATE', Buffer.from(formatDate(place.date))]
    case 'RFC822.SIZE':
      return ['RFC822.SIZE', String(place.size)]
    case 'MODSEQ':
      return ['MODSEQ', [String(place.modseq)]]
    case 'ENVELOPE':
      return ['ENVELOPE', envelopeOf(parsed().root.headers)]
    case 'BODY':
    case 'BODYSTRUCTURE':
      return [item.kind, structureOf(parsed(), parsed().root, item.kind === 'BODYSTRUCTURE')]
    case 'section': {
      const bytes = sectionBytes(parsed(), item.section)
      const [start, length] = item.partial ?? [0, Number.MAX_SAFE_INTEGER]
      return [item.label, bytes === null ? NIL : new Literal(bytes.subarray(start, start + length))]
    }
  }
}

export const FETCH: Commands = {
  FETCH: { needs: 'folder', keepsNumbers: true, run: (session, args) => fetch(session, args, false) },
  'UID FETCH': { needs: 'folder', run: (session, args) => fetch(session, args, true) },
}
