import { bad } from './refusal.ts'

/** A folder's name in modified UTF-7 (RFC 3501 §5.1.3). */
export function encodeName(name: string): string {
  return name.replace(/&/g, '&-').replace(/[^\x20-\x7e]+/g, run => {
    const bytes = Buffer.from(run, 'utf16le').swap16()
    return `&${bytes.toString('base64').replace(/=+$/, '').replace(/\//g, ',')}-`
  })
}

/** The reverse; refuses what the RFC forbids. */
export function decodeName(text: string): string {
  const name = text.replace(/&([^-]*)(-?)/g, (_, code: string, end: string) => {
    if (end === '') bad('A folder name is not modified UTF-7')
    if (code === '') return '&'
    const bytes = Buffer.from(code.replace(/,/g, '/'), 'base64')
    return bytes.length % 2 === 0
      ? bytes.swap16().toString('utf16le')
      : bad('A folder name is not modified UTF-7')
  })
  if (/[^ -~\u0080-\uffff]/.test(name) || encodeName(name) !== text)
    bad('A folder name is not modified UTF-7')
  return name
}
