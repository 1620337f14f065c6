import { existsSync, globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { breaks } from '../../../scripts/prove/breaks.ts'

const root = join(import.meta.dirname, '../../..')
const read = (file: string) => readFileSync(join(root, file), 'utf8')
// Straight and curly apostrophes, and quotes that a formatter may choose, are one to a reader.
const plain = (text: string) => text.replaceAll(/[’'\\]/g, '')

const INVARIANTS = Array.from({ length: 13 }, (_, i) => `I${i + 1}`)
const README = read('docs/spec/README.md')
const notCovered = README.slice(README.indexOf('\n## Not covered'))

type Rule = {
  part: string
  number: number
  id: string
  from: string[]
  tests: { file: string; name: string }[]
  bugs: string[]
}

/** `file` › title, and planted bugs, of one cell or of a whole text. */
const testsIn = (text: string) =>
  [...text.matchAll(/`([^`]+\.tsx?)` › (.+?)(?=<br>| *\|$)/gm)].map(([, file = '', name = '']) => ({
    file,
    name,
  }))
const bugsIn = (text: string) => [...text.matchAll(/planted bug `([^`]+)`/g)].map(([, name = '']) => name)

const parts = globSync('docs/spec/*.md', { cwd: root })
  .map(file => file.replace(/^.*\/|\.md$/g, ''))
  .filter(part => part !== 'README')
const rules = parts.flatMap(part =>
  [
    ...read(`docs/spec/${part}.md`).matchAll(/^\| \*\*([a-z]+)-(\d+)\*\* \| ([^|]*) \| [^|]+ \| .+ \|$/gm),
  ].map(
    ([row, name = '', number, from = '']): Rule => ({
      part,
      number: Number(number),
      id: `${name}-${number}`,
      from: from.match(/I\d+/g) ?? [],
      tests: testsIn(row),
      bugs: bugsIn(row),
    }),
  ),
)
const sources = new Map<string, string>()
const sourceOf = (file: string) => {
  const text = sources.get(file) ?? (existsSync(join(root, file)) ? plain(read(file)) : '')
  sources.set(file, text)
  return text
}
const planted = globSync('apps/simulate/src/mutants/*.ts', { cwd: root }).map(read).join('\n')

describe('the specification', () => {
  it('has its six parts, each with rules numbered from 1 without a gap', () => {
    expect(parts.toSorted()).toEqual(['connection', 'cursor', 'feed', 'mirror', 'places', 'push'])
    for (const part of parts) {
      const own = rules.filter(rule => rule.part === part)
      expect(own.map(rule => rule.id)).toEqual(
        own.map((_, index) => `${part.replace(/s$/, '')}-${index + 1}`),
      )
      // No row that looks like a rule escapes the pattern above.
      expect(read(`docs/spec/${part}.md`).match(/^\| \*\*/gm)).toHaveLength(own.length)
    }
    expect(rules.length).toBeGreaterThan(80)
  })

  it.each(INVARIANTS)('gives %s a row, tests, and exactly the rules that come from it', invariant => {
    const row = README.split('\n').find(line => line.startsWith(`| **${invariant}** |`)) ?? ''
    expect(testsIn(row).length).toBeGreaterThan(0)
    const named = [...(row.split(' | ')[2] ?? '').matchAll(/[a-z]+-\d+/g)].map(([id]) => id)
    const own = rules.filter(rule => rule.from.includes(invariant)).map(rule => rule.id)
    expect(own.length).toBeGreaterThan(0)
    expect(named.toSorted()).toEqual(own.toSorted())
  })

  it.each([...testsIn(README), ...rules.flatMap(rule => rule.tests)])(
    'names a test that exists: $name',
    test => {
      expect(existsSync(join(root, test.file)), `${test.file} does not exist`).toBe(true)
      expect(sourceOf(test.file).includes(plain(test.name)), `${test.file} has no test “${test.name}”`).toBe(
        true,
      )
    },
  )

  it.each(rules)(
    '$id is derived from an invariant and held by tests; a break shows that they can fail, or it is named as not covered',
    rule => {
      expect(INVARIANTS).toEqual(expect.arrayContaining(rule.from))
      expect(rule.from.length).toBeGreaterThan(0)
      expect(rule.tests.length).toBeGreaterThan(0)
      for (const bug of rule.bugs) expect(planted).toContain(`name: '${bug}'`)
      const proofs = breaks.filter(each => each.rule === rule.id)
      const told = notCovered.includes(`\n| ${rule.id} |`)
      expect(proofs.length > 0 || told, 'neither a break nor among what is not covered').toBe(true)
      // A break counts for the rule only if the rule names the test that notices it.
      const titles = rule.tests.map(test => plain(test.name))
      for (const { test } of proofs) expect(titles).toContain(plain(test.name))
    },
  )

  it('has a break for each test that runs on its own, or names the test as not covered', () => {
    const seen = new Set(breaks.map(({ test }) => plain(test.name)))
    const told = new Set(testsIn(notCovered).map(test => plain(test.name)))
    const own = rules
      .flatMap(rule => rule.tests)
      .filter(({ file }) => !file.includes('/e2e/') && !file.endsWith('.web.test.ts'))
    expect(
      own.filter(test => !seen.has(plain(test.name)) && !told.has(plain(test.name))).map(test => test.name),
    ).toEqual([])
    // What is proven meanwhile is not to stand there any longer.
    expect([...told].filter(name => seen.has(name))).toEqual([])
  })

  it('has no break of a rule that does not exist', () => {
    const known = new Set(rules.map(rule => rule.id))
    expect(breaks.map(each => each.rule).filter(rule => !known.has(rule))).toEqual([])
    expect(new Set(breaks.map(({ rule, what }) => `${rule} ${what}`)).size).toBe(breaks.length)
  })
})
