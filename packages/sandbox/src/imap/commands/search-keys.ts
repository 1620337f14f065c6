import type { StoredPlace } from '../mailbox/types.ts'
import { allHeaders, bodyText, headerText, sentAt } from '../message/text.ts'
import type { Seen, View } from '../view.ts'
import type { Args } from '../wire/args.ts'
import { DAY_MS, parseDay } from '../wire/dates.ts'
import { contains, isSet, type NumberSet, parseSet } from '../wire/numbers.ts'
import { bad, no } from '../wire/refusal.ts'

export type Test = (seen: Seen) => boolean

/** A search's keys as one test; `usesModseq` when one of them was MODSEQ. */
export class SearchKeys {
  readonly #view: View
  usesModseq = false

  constructor(view: View) {
    this.#view = view
  }

  /** All keys up to the end; all must hold. */
  all(args: Args): Test {
    const tests: Test[] = []
    do tests.push(this.#one(args))
    while (args.more)
    return seen => tests.every(test => test(seen))
  }

  #one(args: Args): Test {
    const nested = args.optionalList()
    if (nested) return this.all(nested)
    const word = args.word()
    if (isSet(word)) return this.#set(parseSet(word), false)
    const flag = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined
    if (flag) return ({ place }) => place.flags.includes(flag[0]) === flag[1]
    switch (word) {
      case 'ALL':
      case 'OLD':
        return () => true
      // No message is ever \Recent here.
      case 'NEW':
      case 'RECENT':
        return () => false
      case 'UID':
        return this.#set(args.set(), true)
      case 'NOT': {
        const test = this.#one(args)
        return seen => !test(seen)
      }
      case 'OR': {
        const [one, other] = [this.#one(args), this.#one(args)]
        return seen => one(seen) || other(seen)
      }
      case 'KEYWORD':
      case 'UNKEYWORD': {
        const keyword = args.atom().toLowerCase()
        return ({ place }) =>
          place.flags.some(name => name.toLowerCase() === keyword) === (word === 'KEYWORD')
      }
      case 'LARGER':
      case 'SMALLER': {
        const size = args.number()
        return ({ place }) => (word === 'LARGER' ? place.size > size : place.size < size)
      }
      case 'MODSEQ':
        return this.#modseq(args)
      default:
        return (
          this.#date(word, args) ??
          this.#words(word, args) ??
          bad(`There is no search key ${word.slice(0, 40)}`)
        )
    }
  }

  #set(set: NumberSet, byUid: boolean): Test {
    const has = contains(set, byUid ? this.#view.lastUid : this.#view.count)
    return ({ seq, place }) => has(byUid ? place.uid : seq)
  }

  /** RFC 7162 §3.1.5; the entry it may name says nothing here. */
  #modseq(args: Args): Test {
    this.usesModseq = true
    if (Buffer.isBuffer(args.peek())) {
      args.next()
      args.next()
    }
    const modseq = args.number()
    return ({ place }) => place.modseq >= modseq
  }

  #date(word: string, args: Args): Test | null {
    const [, sent, how] = /^(SENT)?(SINCE|BEFORE|ON)$/.exec(word) ?? []
    if (how === undefined) return null
    const day = parseDay(args.text())
    return ({ place }) => {
      const at = sent ? sentAt(this.#view.mailbox.parsed(place)) : place.date
      if (how === 'SINCE') return at >= day
      return at < (how === 'ON' ? day + DAY_MS : day) && (how === 'BEFORE' || at >= day)
    }
  }

  #words(word: string, args: Args): Test | null {
    const parsed = (place: StoredPlace) => this.#view.mailbox.parsed(place)
    const within = (textOf: (place: StoredPlace) => string | null): Test => {
      const wanted = args.text().toLowerCase()
      return ({ place }) => textOf(place)?.toLowerCase().includes(wanted) ?? false
    }
    if (['FROM', 'TO', 'CC', 'BCC', 'SUBJECT'].includes(word))
      return within(place => headerText(parsed(place), word))
    if (word === 'HEADER') {
      const name = args.text()
      return within(place => headerText(parsed(place), name))
    }
    if (word === 'BODY') return within(place => bodyText(parsed(place)))
    if (word === 'TEXT') return within(place => `${allHeaders(parsed(place))}\n${bodyText(parsed(place))}`)
    return null
  }
}

const FLAGS: Readonly<Record<string, readonly [flag: string, set: boolean]>> = Object.fromEntries(
  ['Answered', 'Deleted', 'Draft', 'Flagged', 'Seen'].flatMap(name => [
    [name.toUpperCase(), [`\\${name}`, true]],
    [`UN${name.toUpperCase()}`, [`\\${name}`, false]],
  ]),
) as Record<string, readonly [string, boolean]>

/** CHARSET and its name, if they are there. */
export function takeCharset(args: Args): void {
  if (!args.skip('CHARSET')) return
  const charset = args.text().toUpperCase()
  if (!['UTF-8', 'US-ASCII'].includes(charset)) no('Only UTF-8 is known', 'BADCHARSET (UTF-8 US-ASCII)')
}

/** RETURN and its list (RFC 4731); null when the old answer is wanted. */
export function takeReturn(args: Args): string[] | null {
  if (!args.skip('RETURN')) return null
  const list = args.list()
  const wanted: string[] = []
  while (list.more) {
    const word = list.word()
    wanted.push(['MIN', 'MAX', 'ALL', 'COUNT'].includes(word) ? word : bad('SEARCH returns no such thing'))
  }
  return wanted.length > 0 ? wanted : ['ALL']
}
