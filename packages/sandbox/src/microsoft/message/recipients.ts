import type { Recipient } from '@microsoft/microsoft-graph-types'
import { addressParser } from 'postal-mime'
import { decodeHeader, headerValue } from '../../mime/headers.ts'
import type { ParsedMessage } from '../../mime/parse.ts'

/** The addresses of a header as Graph shows them; groups are flattened. */
export function recipientsOf(message: ParsedMessage, header: string): Recipient[] {
  const value = headerValue(message.root.headers, header)
  if (value === undefined) return []
  return addressParser(decodeHeader(value), { flatten: true }).flatMap(({ name, address }) =>
    address || name ? [{ emailAddress: { name: name || (address ?? ''), address: address || name } }] : [],
  )
}
