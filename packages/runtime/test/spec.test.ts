import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const root = join(import.meta.dirname, '../../..')
const text = readFileSync(join(root, 'docs/spec/README.md'), 'utf8')
const named = [...text.matchAll(/`([^`]+\.ts)` › (.+?)(?=<br>|\s*\|$)/gm)].map(([, file, name]) => ({
  file: file ?? '',
  name: name ?? '',
}))

describe('the specification', () => {
  it('lists every invariant', () => {
    for (let i = 1; i <= 13; i++) expect(text).toMatch(new RegExp(`\\| \\*\\*I${i}\\*\\* +\\|`))
    expect(named.length).toBeGreaterThan(40)
  })

  it.each(named)('names a test that exists: $name', ({ file, name }) => {
    const path = join(root, file)
    expect(existsSync(path), `${file} does not exist`).toBe(true)
    // Straight and curly apostrophes, and quotes that a formatter may choose, are one to a reader.
    const plain = (from: string) => from.replaceAll(/[’'\\]/g, '')
    expect(plain(readFileSync(path, 'utf8'))).toContain(plain(name))
  })
})
