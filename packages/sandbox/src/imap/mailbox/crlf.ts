const CR = 13
const LF = 10

/** Every line ends with CRLF, as IMAP's messages must; the corpus and files of this machine have LF alone. */
export function withCrlf(raw: Buffer): Buffer {
  let bare = 0
  for (let at = raw.indexOf(LF); at !== -1; at = raw.indexOf(LF, at + 1)) if (raw[at - 1] !== CR) bare++
  if (bare === 0) return raw
  const out = Buffer.allocUnsafe(raw.length + bare)
  let n = 0
  for (let i = 0; i < raw.length; i++) {
    const byte = raw[i] ?? 0
    if (byte === LF && raw[i - 1] !== CR) out[n++] = CR
    out[n++] = byte
  }
  return out
}
