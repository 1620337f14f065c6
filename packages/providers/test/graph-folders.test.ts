import { describe, expect, test } from 'vitest'
import { arrange, toLabels, toResources, type WellKnown } from '../src/graph/folders.ts'

const folder = (id: string, parent: string, more: object = {}) => ({
  id,
  parent,
  name: `Name of ${id}`,
  hidden: false,
  total: 0,
  unread: 0,
  ...more,
})
const tree = (...folders: ReturnType<typeof folder>[]) => new Map(folders.map(each => [each.id, each]))
const named = new Map<WellKnown, string>([
  ['msgfolderroot', 'root'],
  ['inbox', 'in'],
  ['deleteditems', 'bin'],
  ['syncissues', 'sync'],
])

describe('the folders of a mailbox', () => {
  test('are those below the visible root, by the names around them, in order of importance', () => {
    const folders = arrange(
      tree(
        folder('leaf', 'branch'),
        folder('sync', 'root'),
        folder('conflicts', 'sync'),
        folder('bin', 'root'),
        folder('branch', 'root'),
        folder('in', 'root'),
        folder('root', 'root'),
      ),
      named,
    )
    expect(folders.map(each => [each.path, each.role, each.hidden])).toEqual([
      ['Name of in', 'inbox', false],
      ['Name of branch', null, false],
      ['Name of branch/Name of leaf', null, false],
      ['Name of bin', 'trash', false],
      ['Name of sync', null, true],
      ['Name of sync/Name of conflicts', null, true],
    ])
    expect(folders.filter(each => each.mixed).map(each => each.id)).toEqual(['bin'])
    expect(toResources(folders).filter(each => each.watched)).toHaveLength(4)
    expect(toLabels(folders).map(each => each.id)).toContain('STARRED')
  })

  test('leave out what hangs elsewhere, what is hidden, and everything in it', () => {
    const folders = arrange(
      tree(
        folder('in', 'root'),
        folder('deletions', 'deletions'),
        folder('orphan', 'nobody'),
        folder('ring-1', 'ring-2'),
        folder('ring-2', 'ring-1'),
        folder('secret', 'root', { hidden: true }),
        folder('below', 'secret'),
      ),
      named,
    )
    expect(folders.map(each => each.id)).toEqual(['in'])
  })
})
