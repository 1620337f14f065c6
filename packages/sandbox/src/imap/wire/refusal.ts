/** Ends a command: `NO` (it cannot be done) or `BAD` (it is not understood). `code` is what stands in brackets. */
export class Refusal extends Error {
  readonly status: 'NO' | 'BAD'
  readonly code: string | null

  constructor(status: 'NO' | 'BAD', message: string, code: string | null = null) {
    super(message)
    this.status = status
    this.code = code
  }
}

export function bad(message: string): never {
  throw new Refusal('BAD', message)
}

export function no(message: string, code: string | null = null): never {
  throw new Refusal('NO', message, code)
}
