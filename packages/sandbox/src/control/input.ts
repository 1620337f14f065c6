import { json, type Reply } from '../http/reply.ts'

/** A refused control request: HTTP status, a stable code, a sentence. */
export class ControlError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }

  get reply(): Reply {
    return json({ error: { code: this.code, message: this.message } }, this.status)
  }
}

/** Refuses with the addresses that would have done. */
export function noSuchAccount(email: string | undefined, all: readonly { email: string }[]): never {
  const known = all.map(mailbox => mailbox.email).join(', ') || 'none'
  throw new ControlError(404, 'no_such_account', `There is no account ${email ?? ''}; known: ${known}.`)
}

export type Fields = Record<string, unknown>

function bad(name: string, expected: string, value: unknown): never {
  const shown = JSON.stringify(value)?.slice(0, 80) ?? 'missing'
  throw new ControlError(400, 'invalid_field', `"${name}" must be ${expected}, but is ${shown}.`)
}

export function readFields(body: Buffer): Fields {
  if (body.length === 0) return {}
  let value: unknown
  try {
    value = JSON.parse(body.toString('utf8'))
  } catch {
    throw new ControlError(400, 'invalid_json', 'The body is not JSON.')
  }
  return isFields(value) ? value : bad('body', 'a JSON object', value)
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Unknown fields are refused: a misspelt fault that never strikes would waste an afternoon. */
export function only(fields: Fields, names: readonly string[]): void {
  for (const name of Object.keys(fields)) {
    if (!names.includes(name)) {
      throw new ControlError(
        400,
        'unknown_field',
        `"${name}" is not known here; the fields are ${names.join(', ')}.`,
      )
    }
  }
}

export function optionalText(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  return typeof value === 'string' ? value : bad(name, 'text', value)
}

export function text(fields: Fields, name: string): string {
  return optionalText(fields, name) ?? bad(name, 'text', fields[name])
}

export function optionalNumber(fields: Fields, name: string, min: number, max: number): number | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  return typeof value === 'number' && value >= min && value <= max
    ? value
    : bad(name, `a number from ${min} to ${max}`, value)
}

export function optionalFields(fields: Fields, name: string): Fields | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  return isFields(value) ? value : bad(name, 'an object', value)
}

export function optionalList(fields: Fields, name: string): string[] | undefined {
  const value = fields[name]
  if (value === undefined || value === null) return undefined
  return Array.isArray(value) && value.every(item => typeof item === 'string')
    ? (value as string[])
    : bad(name, 'a list of texts', value)
}

export function oneOf<T extends string>(fields: Fields, name: string, allowed: readonly T[]): T {
  const value = fields[name]
  return allowed.find(item => item === value) ?? bad(name, `one of ${allowed.join(', ')}`, value)
}
