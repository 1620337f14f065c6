import { describe, expect, test } from 'vitest'
import { readHistory } from '../src/gmail/pull.ts'

describe('history records', () => {
  test('become touched, patched and deleted, each at its record’s id', () => {
    const { page, labelIds } = readHistory([
      { id: '10', messagesAdded: [{ message: { id: 'a', labelIds: ['INBOX', 'Label_1'] } }] },
      { id: '11', labelsAdded: [{ message: { id: 'b' }, labelIds: ['STARRED'] }] },
      { id: '12', labelsRemoved: [{ message: { id: 'b' }, labelIds: ['UNREAD'] }] },
      { id: '15', messagesDeleted: [{ message: { id: 'c' } }] },
    ])
    expect(page).toEqual({
      upserts: [],
      touched: [{ id: 'a', version: 10n }],
      patches: [
        { id: 'b', version: 11n, add: ['STARRED'], remove: [], unread: null, starred: true },
        { id: 'b', version: 12n, add: [], remove: ['UNREAD'], unread: false, starred: null },
      ],
      deletions: [{ id: 'c', version: 15n }],
    })
    expect([...labelIds].sort()).toEqual(['INBOX', 'Label_1', 'STARRED'])
  })

  test('that add and remove labels of one message are one patch', () => {
    const { page } = readHistory([
      {
        id: '7',
        labelsAdded: [
          { message: { id: 'a' }, labelIds: ['TRASH'] },
          { message: { id: 'a' }, labelIds: ['UNREAD'] },
        ],
        labelsRemoved: [{ message: { id: 'a' }, labelIds: ['INBOX'] }],
      },
    ])
    expect(page.patches).toEqual([
      { id: 'a', version: 7n, add: ['TRASH', 'UNREAD'], remove: ['INBOX'], unread: true, starred: null },
    ])
  })

  test('without ids, messages or labels say nothing', () => {
    const { page } = readHistory([
      {},
      { id: '3' },
      { id: '4', messagesAdded: [{}], labelsAdded: [{ message: {} }], messagesDeleted: [{ message: {} }] },
    ])
    expect(page).toEqual({ upserts: [], touched: [], patches: [], deletions: [] })
  })
})
