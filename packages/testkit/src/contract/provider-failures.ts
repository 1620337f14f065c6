import { ProviderError, type ProviderErrorKind } from '@inlet/sync/provider-errors'

/** What `running` throws; an error where it does not. */
export async function caught(running: Promise<unknown>): Promise<unknown> {
  try {
    await running
  } catch (error) {
    return error
  }
  throw new Error('Nothing was thrown.')
}

export async function kindOf(running: Promise<unknown>): Promise<ProviderErrorKind> {
  const error = await caught(running)
  if (!(error instanceof ProviderError)) throw error
  return error.kind
}

/** Everything that a careless logger might print of an error. */
export function flatten(error: unknown): string {
  const seen = new Set<unknown>()
  const walk = (value: unknown): string => {
    if (typeof value !== 'object' || value === null) return String(value)
    if (seen.has(value)) return ''
    seen.add(value)
    return Object.getOwnPropertyNames(value)
      .map(name => walk((value as Record<string, unknown>)[name]))
      .join(' ')
  }
  return walk(error)
}
