import { Writable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { createLog } from '../src/log.ts'

function capture() {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { lines, stream }
}

describe('the log', () => {
  it('censors secrets wherever they stand', () => {
    const { lines, stream } = capture()
    const log = createLog('info', stream)
    const secret = 'ya29.very-secret'
    log.info(
      {
        accessToken: secret,
        headers: { authorization: `Bearer ${secret}`, cookie: secret },
        a: { b: { refreshToken: secret } },
      },
      'something happened',
    )
    expect(lines.join('')).toContain('something happened')
    expect(lines.join('')).not.toContain(secret)
  })

  it('says nothing below its level', () => {
    const { lines, stream } = capture()
    createLog('warn', stream).info({}, 'quiet')
    expect(lines).toEqual([])
  })
})
