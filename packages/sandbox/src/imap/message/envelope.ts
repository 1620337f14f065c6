import { type Header, headerValue } from '../../mime/headers.ts'
import { NIL, type Token } from '../wire/tokens.ts'
import { addressList } from './addresses.ts'

/** ENVELOPE of a message's headers (RFC 3501 §7.4.2). An empty Sender or Reply-To is what From is. */
export function envelopeOf(headers: readonly Header[]): Token {
  const from = addressList(headerValue(headers, 'from'))
  const orFrom = (name: string): Token => {
    const list = addressList(headerValue(headers, name))
    return list === NIL ? from : list
  }
  const value = (name: string): Token => nstring(headerValue(headers, name))
  return [
    value('date'),
    value('subject'),
    from,
    orFrom('sender'),
    orFrom('reply-to'),
    addressList(headerValue(headers, 'to')),
    addressList(headerValue(headers, 'cc')),
    addressList(headerValue(headers, 'bcc')),
    value('in-reply-to'),
    value('message-id'),
  ]
}

/** A latin-1 text, or NIL. */
export function nstring(value: string | undefined): Token {
  return value === undefined ? NIL : Buffer.from(value, 'latin1')
}
