import { realWorld } from '@inlet/sync/world'
import { describe, expect, test } from 'vitest'
import { codeOf } from '../src/imap/errors.ts'
import { FOLDERS_MAX, listFolders, toFolders } from '../src/imap/folders.ts'
import { openSession } from '../src/imap/session.ts'
import { withDefaults } from '../src/imap/settings.ts'
import { fakeImap, type ImapScript } from './imap-fake-server.ts'

const never = new AbortController().signal
const entry = (path: string, flags: string[] = [], delimiter = '/') => ({
  path,
  pathAsListed: path,
  delimiter,
  flags: new Set(flags),
})
const roles = (...entries: ReturnType<typeof entry>[]) =>
  Object.fromEntries(
    toFolders(entries).folders.map(({ path, role, hidden }) => [path, hidden ? 'hidden' : role]),
  )

describe('folders', () => {
  test('have the roles that the server gives them, whatever their names', () => {
    expect(
      roles(
        entry('INBOX'),
        entry('Trash', ['\\Sent']),
        entry('Müll', ['\\Trash']),
        entry('Sent', ['\\HasNoChildren']),
        entry('x', ['\\JUNK']),
        entry('Archive', ['\\Archive']),
        entry('d', ['\\Drafts']),
      ),
    ).toEqual({
      INBOX: 'inbox',
      Trash: 'sent',
      Müll: 'trash',
      Sent: null,
      x: 'spam',
      Archive: 'archive',
      d: 'drafts',
    })
  })

  test.each([
    ['English', ['Sent Items', 'Drafts', 'Deleted Items', 'Junk E-mail', 'Archive']],
    ['German', ['Gesendete Elemente', 'Entwürfe', 'Papierkorb', 'Spamverdacht', 'Archiv']],
    ['French', ['Éléments envoyés', 'Brouillons', 'Corbeille', 'Courrier indésirable', 'Archives']],
    ['Spanish', ['Enviados', 'Borradores', 'Papelera', 'Correo no deseado', 'Archivo']],
    ['Italian', ['Posta inviata', 'Bozze', 'Cestino', 'Posta indesiderata', 'Archivio']],
    ['Portuguese', ['Itens Enviados', 'Rascunhos', 'Lixeira', 'Lixo Eletrônico', 'Arquivo']],
    ['Polish', ['Wysłane', 'Kopie robocze', 'Kosz', 'Niechciane', 'Archiwum']],
    ['Russian', ['Отправленные', 'Черновики', 'Корзина', 'Спам', 'Архив']],
    ['Chinese', ['已发送', '草稿箱', '已删除', '垃圾邮件', '归档']],
    ['Japanese', ['送信済みメール', '下書き', 'ゴミ箱', '迷惑メール', 'アーカイブ']],
  ])('have the roles that their names suggest where the server says nothing (%s)', (_, names) => {
    const [sent = '', drafts = '', trash = '', spam = '', archive = ''] = names
    const expected = {
      [sent]: 'sent',
      [drafts]: 'drafts',
      [trash]: 'trash',
      [spam]: 'spam',
      [archive]: 'archive',
    }
    expect(roles(entry('INBOX'), ...names.map(name => entry(name)))).toEqual({ INBOX: 'inbox', ...expected })
    // Letters beyond ASCII may come composed or decomposed.
    const below = names.map(name => entry(`INBOX.${name.normalize('NFD')}`, [], '.'))
    expect(Object.values(roles(entry('INBOX', [], '.'), ...below)).toSorted()).toEqual([
      'archive',
      'drafts',
      'inbox',
      'sent',
      'spam',
      'trash',
    ])
  })

  test('that a person made deep down are nobody’s Sent', () => {
    expect(roles(entry('INBOX'), entry('Clients/Sent'), entry('Sent'), entry('Sent/2025'))).toEqual({
      INBOX: 'inbox',
      'Clients/Sent': null,
      Sent: 'sent',
      'Sent/2025': null,
    })
  })

  test('that only repeat others are hidden; All Mail is the archive where there is no other', () => {
    const gmail = [
      entry('INBOX'),
      entry('[Gmail]', ['\\Noselect']),
      entry('[Gmail]/All Mail', ['\\All']),
      entry('[Gmail]/Starred', ['\\Flagged']),
      entry('[Gmail]/Important', ['\\Important']),
      entry('[Gmail]/Trash', ['\\Trash']),
    ]
    expect(roles(...gmail)).toEqual({
      INBOX: 'inbox',
      '[Gmail]/All Mail': 'archive',
      '[Gmail]/Starred': 'hidden',
      '[Gmail]/Important': 'hidden',
      '[Gmail]/Trash': 'trash',
    })
    expect(roles(entry('INBOX'), entry('All Mail', ['\\All']), entry('Archive'))).toEqual({
      INBOX: 'inbox',
      'All Mail': 'hidden',
      Archive: 'archive',
    })
  })

  test('keep their key when they are renamed, where the server numbers them', () => {
    const listed = [entry('INBOX'), entry('Old')]
    const ids = new Map([['Old', 'F2']])
    expect(toFolders(listed, ids).folders.map(({ key }) => key)).toEqual(['PINBOX', 'MF2'])
    const renamed = toFolders([entry('INBOX'), entry('New')], new Map([['New', 'F2']]))
    expect(renamed.folders.map(({ key, name }) => [key, name])).toEqual([
      ['PINBOX', 'Inbox'],
      ['MF2', 'New'],
    ])
  })

  test('are bounded, the important ones first', () => {
    const many = Array.from({ length: FOLDERS_MAX + 5 }, (_, at) => entry(`Folder ${at}`))
    const { folders, truncated } = toFolders([...many, entry('Sent', ['\\Sent']), entry('INBOX')])
    expect(folders).toHaveLength(FOLDERS_MAX)
    expect(truncated).toBe(true)
    expect(folders.slice(0, 2).map(({ role }) => role)).toEqual(['inbox', 'sent'])
  })
})

describe('folders of a server', () => {
  const list = async (script: ImapScript) => {
    const { port } = await fakeImap(script)
    const session = await openSession(
      {
        accountId: 'a',
        imap: { host: 'imap.example.org', port, security: 'none' },
        smtp: null,
        user: 'ann',
        secret: async () => ({ password: 'p' }),
      },
      {
        settings: withDefaults({ allowPrivateHosts: true, silenceMs: 2_000 }),
        world: realWorld,
        lookup: async () => ['127.0.0.1'],
      },
      never,
    )
    return await listFolders(session, never).finally(() => session.destroy())
  }

  test('are asked for their numbers in one round trip, in any script', async () => {
    const asked: string[] = []
    const { folders } = await list({
      capabilities: 'IMAP4rev1 OBJECTID LIST-STATUS SPECIAL-USE',
      on: {
        LIST: ({ line, send, end }) => {
          asked.push(line)
          if (line.includes('MAILBOXID'))
            send('* STATUS "Entw&APw-rfe" (MAILBOXID (F1))\r\n* STATUS INBOX (MAILBOXID (F0))\r\n')
          send('* LIST () "/" INBOX\r\n* LIST (\\Drafts) "/" "Entw&APw-rfe"\r\n* LIST () "/" &U,BTFw-\r\n')
          end('OK done')
        },
      },
    })
    expect(folders).toMatchObject([
      { key: 'MF0', path: 'INBOX', role: 'inbox' },
      { key: 'MF1', path: 'Entwürfe', role: 'drafts' },
      { key: 'P台北', path: '台北', role: null },
    ])
    expect(asked.filter(line => line.includes('MAILBOXID'))).toHaveLength(1)
  })

  test('are not taken for removed when their line cannot be read, or none comes', async () => {
    const broken = list({
      on: {
        LIST: ({ send, end }) => {
          send('* LIST () "/" INBOX\r\n* LIST (((( "/" Broken\r\n')
          end('OK done')
        },
      },
    })
    expect(codeOf(await broken.catch(error => error))).toBe('garbled')
    expect(codeOf(await list({}).catch(error => error))).toBe('garbled')
  })
})
