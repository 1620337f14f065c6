import { describe, expect, it } from 'vitest'
import { type InboxPlace, parsePlace, placeHref } from '../src/inbox/view.ts'

const inbox: InboxPlace = { accountId: null, role: 'inbox', labelId: null, query: '', threadId: null }
const reread = (place: InboxPlace) => parsePlace(new URL(placeHref(place), 'http://localhost').searchParams)

describe('the address of a view', () => {
  it('is plain for the inbox, and reads back as what was written', () => {
    expect(placeHref(inbox)).toBe('/')
    for (const place of [
      inbox,
      { ...inbox, role: null },
      { ...inbox, role: 'trash' as const, threadId: 't1' },
      { ...inbox, role: null, labelId: 'l/1', accountId: 'a&b' },
      { ...inbox, query: 'tea & biscuits?' },
    ]) {
      expect(reread(place)).toEqual(place)
    }
  })

  it('takes anything unknown for the inbox', () => {
    expect(parsePlace(new URLSearchParams('in=nowhere&x=1'))).toEqual(inbox)
    expect(parsePlace(new URLSearchParams('in=unread')).role).toBe('inbox')
  })
})
