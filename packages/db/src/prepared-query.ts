import { hash } from 'node:crypto'
import type pg from 'pg'

const names = new Map<string, string>()

/**
 * A statement that its connection parses and plans once, under a name that follows from its text. For texts that are
 * constants only: each stays with the connection for its life.
 */
export function preparedQuery(text: string, values: unknown[]): pg.QueryConfig {
  const name = names.get(text) ?? hash('sha256', text, 'base64url').slice(0, 20)
  names.set(text, name)
  return { name, text, values }
}
