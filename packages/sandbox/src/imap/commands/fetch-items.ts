import type { Section } from '../message/section.ts'
import { Args } from '../wire/args.ts'
import { bad } from '../wire/refusal.ts'
import { tokenise } from '../wire/tokens.ts'

/** One item a FETCH asks for. `label` is its name in the answer. */
export type FetchItem =
  | {
      kind:
        | 'UID'
        | 'FLAGS'
        | 'INTERNALDATE'
        | 'RFC822.SIZE'
        | 'MODSEQ'
        | 'ENVELOPE'
        | 'BODY'
        | 'BODYSTRUCTURE'
    }
  | {
      kind: 'section'
      label: string
      section: Section
      partial: readonly [start: number, length: number] | null
      peek: boolean
    }

const ALL = ['FLAGS', 'INTERNALDATE', 'RFC822.SIZE', 'ENVELOPE']
const MACROS: Readonly<Record<string, readonly string[]>> = {
  FAST: ALL.slice(0, 3),
  ALL,
  FULL: [...ALL, 'BODY'],
}
const SIMPLE = [
  'UID',
  'FLAGS',
  'INTERNALDATE',
  'RFC822.SIZE',
  'MODSEQ',
  'ENVELOPE',
  'BODY',
  'BODYSTRUCTURE',
] as const
const OLD: Readonly<Record<string, Pick<Section, 'what'> & { peek: boolean }>> = {
  RFC822: { what: '', peek: false },
  'RFC822.HEADER': { what: 'HEADER', peek: true },
  'RFC822.TEXT': { what: 'TEXT', peek: false },
}
const MAX_ITEMS = 100

/** The items of a FETCH: a macro, one item or a list. */
export function readItems(args: Args): FetchItem[] {
  const list = args.optionalList()
  const words: string[] = []
  if (list) while (list.more) words.push(list.atom())
  else words.push(...macro(args.atom()))
  if (words.length === 0 || words.length > MAX_ITEMS) bad('FETCH takes between one and 100 items')
  return words.map(readItem)
}

function macro(word: string): readonly string[] {
  const name = word.toUpperCase()
  return (Object.hasOwn(MACROS, name) ? MACROS[name] : undefined) ?? [word]
}

function readItem(word: string): FetchItem {
  const name = word.toUpperCase()
  const simple = SIMPLE.find(item => item === name)
  if (simple) return { kind: simple }
  const old = Object.hasOwn(OLD, name) ? OLD[name] : undefined
  if (old)
    return {
      kind: 'section',
      label: name,
      section: { path: [], fields: [], what: old.what },
      partial: null,
      peek: old.peek,
    }
  const found = /^BODY(\.PEEK)?\[(.*)\](?:<(\d{1,10})\.([1-9]\d{0,9})>)?$/is.exec(word)
  if (!found) return bad(`FETCH has no ${word.slice(0, 40)}`)
  const [, peek, inner = '', start, length] = found
  const partial = start === undefined ? null : ([Number(start), Number(length)] as const)
  const section = readSection(inner)
  const label = `BODY[${labelOf(section, inner)}]${partial ? `<${partial[0]}>` : ''}`
  return { kind: 'section', label, section, partial, peek: peek !== undefined }
}

function readSection(inner: string): Section {
  const args = new Args(tokenise(inner, []))
  if (!args.more) return { path: [], what: '', fields: [] }
  const word = args.word()
  const found =
    /^((?:[1-9]\d{0,4}\.)*[1-9]\d{0,4})?\.?(HEADER|HEADER\.FIELDS|HEADER\.FIELDS\.NOT|TEXT|MIME)?$/.exec(word)
  const path = found?.[1]?.split('.').map(Number) ?? []
  const what = (found?.[2] ?? '') as Section['what']
  const joined = path.length > 0 && what !== '' ? '.' : ''
  const good = found && word === `${path.join('.')}${joined}${what}` && (what !== 'MIME' || path.length > 0)
  if (!good || path.length > 50) return bad(`There is no section ${word.slice(0, 40)}`)
  const fields: string[] = []
  if (what.startsWith('HEADER.FIELDS')) {
    const list = args.list()
    while (list.more) fields.push(list.bytes().toString('latin1').toLowerCase())
    if (fields.length === 0) bad('Which fields?')
  }
  args.end()
  return { path, what, fields }
}

/** The section as the answer names it: as it was asked for, in upper case. */
function labelOf({ fields }: Section, inner: string): string {
  return fields.length > 0 ? inner.trim() : inner.trim().toUpperCase()
}
