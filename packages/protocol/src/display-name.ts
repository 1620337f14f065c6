import type { Address } from './entities.ts'

/** "Ada Lovelace" or, without a name, the part before the @. */
export function displayName(address: Address): string {
  return address.name.trim() || address.email.split('@')[0] || address.email
}
