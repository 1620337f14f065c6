import type { Session } from '../session.ts'
import type { Args } from '../wire/args.ts'
import { formatSet } from '../wire/numbers.ts'
import type { Token } from '../wire/tokens.ts'
import { type Commands, viewOf } from './command.ts'
import { SearchKeys, takeCharset, takeReturn } from './search-keys.ts'

function search(session: Session, args: Args, tag: string, byUid: boolean): string {
  const returns = takeReturn(args)
  takeCharset(args)
  const view = viewOf(session)
  const keys = new SearchKeys(view)
  const test = keys.all(args)
  if (keys.usesModseq) session.enableCondstore()
  const found = view.all().filter(test)
  const numbers = found.map(({ seq, place }) => (byUid ? place.uid : seq))
  const modseq: Token[] =
    keys.usesModseq && found.length > 0
      ? ['MODSEQ', String(Math.max(...found.map(({ place }) => place.modseq)))]
      : []
  if (returns) {
    const head: Token[] = ['*', 'ESEARCH', ['TAG', Buffer.from(tag)], ...(byUid ? ['UID'] : [])]
    session.out.line([...head, ...extended(returns, numbers), ...modseq])
  } else {
    session.out.line(['*', 'SEARCH', ...numbers.map(String), ...(modseq.length > 0 ? [modseq] : [])])
  }
  return 'Searched'
}

/** RFC 4731 §3.1: MIN, MAX and ALL are left out when nothing was found. */
function extended(returns: readonly string[], numbers: readonly number[]): Token[] {
  const [min, max] = [numbers[0], numbers.at(-1)]
  return returns.flatMap((item): Token[] => {
    if (item === 'COUNT') return ['COUNT', String(numbers.length)]
    if (min === undefined || max === undefined) return []
    if (item === 'ALL') return ['ALL', formatSet(numbers)]
    return [item, String(item === 'MIN' ? min : max)]
  })
}

export const SEARCH: Commands = {
  SEARCH: {
    needs: 'folder',
    keepsNumbers: true,
    run: (session, args, tag) => search(session, args, tag, false),
  },
  'UID SEARCH': { needs: 'folder', run: (session, args, tag) => search(session, args, tag, true) },
}
