const WORDS_MAX = 16

/**
 * What a person typed, as a tsquery: every word must occur, and one that begins like the last, which may still be being
 * typed. null: it holds no word. Each word is a quoted lexeme, so nothing in it acts as an operator.
 */
export function searchQuery(typed: string): string | null {
  const words = typed.match(/[\p{L}\p{N}][\p{L}\p{M}\p{N}@._+-]*/gu) ?? []
  if (words.length === 0) return null
  const quoted = words.slice(0, WORDS_MAX).map(word => `'${word}'`)
  return `${quoted.join(' & ')}:*`
}
