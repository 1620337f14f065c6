import { describe, expect, it } from 'vitest'
import { linkParts } from '../src/inbox/reader/linkify.ts'
import { textParts } from '../src/inbox/reader/text-parts.ts'

describe('a plain text mail', () => {
  it('folds the quote at its end together with the line that introduces it', () => {
    const parts = textParts('Yes.\n\nOn Mon, Ada <ada@example.org> wrote:\n> Shall we?\n>\n> Ada\n')
    expect(parts.map(part => [part.kind, part.folded])).toEqual([
      ['text', false],
      ['quote', true],
    ])
    expect(parts[0]?.text.trim()).toBe('Yes.')
    expect(parts[1]?.text).toMatch(/^On Mon/)
  })

  it('leaves a short quote open that has its answer under it, and folds a long one', () => {
    const parts = textParts(`> Shall we?\nYes.\n${'> line\n'.repeat(30)}And so on.`)
    expect(parts.map(part => [part.kind, part.folded])).toEqual([
      ['quote', false],
      ['text', false],
      ['quote', true],
      ['text', false],
    ])
  })

  it('does not fold a mail that is nothing but a quote', () => {
    expect(textParts('> Only this.')).toEqual([{ kind: 'quote', text: '> Only this.', folded: false }])
  })

  it('sets the signature apart, and the quote before it is still the last', () => {
    const parts = textParts('Yes.\n\n> Shall we?\n\n-- \nAda')
    expect(parts.map(part => [part.kind, part.folded])).toEqual([
      ['text', false],
      ['quote', true],
      ['signature', false],
    ])
  })

  it('loses no line', () => {
    const text = 'a\n\n> b\n\n> c\nd\n> e\n-- \nf'
    const kept = textParts(text).flatMap(part => part.text.split('\n'))
    expect(kept.filter(line => line.trim())).toEqual(text.split('\n').filter(line => line.trim()))
  })

  it('finds links and addresses, without the punctuation of the sentence', () => {
    const links = linkParts('See https://example.org/a?b=1, www.example.org. Or ask ada@example.org!').filter(
      part => part.href,
    )
    expect(links.map(part => part.href)).toEqual([
      'https://example.org/a?b=1',
      'http://www.example.org',
      'mailto:ada@example.org',
    ])
  })

  it('makes no link of a script address', () => {
    expect(linkParts('javascript:alert(1)').every(part => part.href === null)).toBe(true)
  })
})
