import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { corpusFiles, readCorpusFile } from '@inlet/sandbox/corpus/files'
import { type DovecotServer, startDovecot } from '@inlet/testkit/dovecot'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { listFolders } from '../src/imap/folders.ts'
import { identityOf } from '../src/imap/identity.ts'
import { attachmentOf, toPulledMessage } from '../src/imap/message.ts'
import { openSession, type Session } from '../src/imap/session.ts'
import { ANN, accessTo, never, rawMail, worldFor } from './imap-world.ts'

describe('folders and messages of a real Dovecot', () => {
  let dovecot: DovecotServer
  let session: Session
  beforeAll(async () => {
    dovecot = await startDovecot({
      folders: { Sent: 'Gesendet', Drafts: 'Entwürfe', Trash: 'Corbeille', Junk: 'スパム', All: 'Alles' },
    })
    session = await openSession(accessTo(dovecot), worldFor(dovecot), never)
  })
  afterAll(async () => {
    session?.destroy()
    await dovecot?.stop()
  })

  test('folders in any script, with roles from SPECIAL-USE or from names', async () => {
    const mailbox = dovecot.mailbox()
    await mailbox.create('Projekte/Größe & Gewicht/台北')
    const { folders } = await listFolders(session, never)
    const shown = folders.map(({ path, role, hidden }) => `${path} ${role} ${hidden}`)
    expect(shown).toEqual(
      expect.arrayContaining([
        'INBOX inbox false',
        'Gesendet sent false',
        'Entwürfe drafts false',
        'Corbeille trash false',
        'スパム spam false',
        'Alles archive false',
        'Projekte/Größe & Gewicht/台北 null false',
      ]),
    )
    const silent = await startDovecot({
      hide: ['SPECIAL-USE', 'LIST-STATUS'],
      folders: { Sent: 'Gesendet', Drafts: 'Brouillons', Trash: 'Papelera', Junk: 'Спам' },
    })
    const other = await openSession(accessTo(silent), worldFor(silent), never)
    const named = await listFolders(other, never)
    expect(Object.fromEntries(named.folders.map(({ path, role }) => [path, role]))).toEqual({
      INBOX: 'inbox',
      Gesendet: 'sent',
      Brouillons: 'drafts',
      Papelera: 'trash',
      Спам: 'spam',
    })
    other.destroy()
    await silent.stop()
  })

  test('an identity survives move, copy, a new UIDVALIDITY and a folder made anew', async () => {
    const mailbox = dovecot.mailbox()
    const seen = async (folder: string) =>
      await session.inFolder({ path: folder, readOnly: true, fresh: true }, 'read', never, async client => {
        // By UID: an empty folder has no message number 1.
        const query = { envelope: true, internalDate: true, size: true, uid: true }
        const rows = await client.fetchAll('1:*', query, { uid: true })
        return rows.map(row => identityOf(row)).toSorted()
      })
    const date = new Date('2026-03-04T05:06:07Z')
    await mailbox.append(rawMail('With a date'), { folder: 'From', date })
    await mailbox.append(rawMail('Grüße =?utf-8?Q?=C3=BC?='), { folder: 'From', date })
    await mailbox.append('Subject: bare\r\n\r\n', { folder: 'From', date })
    const before = await seen('From')
    expect(new Set(before).size).toBe(3)
    await mailbox.create('To')
    await mailbox.copy('From', await mailbox.uids('From'), 'To')
    expect(await seen('To')).toEqual(before)
    await mailbox.recreate('From')
    expect(await seen('From')).toEqual(before)
    await dovecot.setUidValidity('To', 4_711)
    expect(await seen('To')).toEqual(before)
    await mailbox.create('Third')
    await mailbox.move('To', await mailbox.uids('To'), 'Third')
    expect(await seen('Third')).toEqual(before)
    expect(await seen('To')).toEqual([])
  })

  test('part numbers of real mail are those of the server, byte for byte', async () => {
    const mailbox = dovecot.mailbox()
    const chosen: number[] = []
    for (let at = 0; chosen.length < 60 && at < corpusFiles().length; at += 1)
      if (
        /^content-type: *multipart/im.test(
          readCorpusFile(at)
            .toString('latin1')
            .split(/\r?\n\r?\n/)[0] ?? '',
        )
      )
        chosen.push(at)
    for (const at of chosen) await mailbox.append(readCorpusFile(at), { folder: 'Corpus' })
    let compared = 0
    await session.inFolder({ path: 'Corpus', readOnly: true }, 'read', never, async client => {
      for (const uid of await mailbox.uids('Corpus')) {
        const row = await client.fetchOne(`${uid}`, { source: true, size: true, flags: true }, { uid: true })
        if (row === false || row.source === undefined) throw new Error(`${uid} could not be read`)
        const placing = { id: `${uid}`, threadId: '', version: 1n, labelIds: [] }
        const message = toPulledMessage(placing, row, row.source, { bodies: true })
        expect(message.body?.warning ?? '').not.toMatch(/beginning/)
        for (const { partId } of message.attachments) {
          const download = await client.download(`${uid}`, partId, { uid: true })
          const chunks: Buffer[] = []
          for await (const chunk of download.content) chunks.push(chunk as Buffer)
          const theirs = Buffer.concat(chunks)
          const ours = attachmentOf(row.source, partId)
          // imapflow converts texts to UTF-8; sizes of all others are the server's.
          if (!download.meta.contentType.startsWith('text/')) expect(ours?.equals(theirs)).toBe(true)
          compared += 1
        }
      }
    })
    expect(compared).toBeGreaterThan(30)
  })

  test('thousands of folders are listed', async () => {
    // Without its index of folders Dovecot looks at the disk, where they are made a hundred times faster.
    const server = await startDovecot({ settings: 'mailbox_list_index = no' })
    onTestFinished(() => server.stop())
    await server.mailbox().create('First')
    const home = (await server.doveadm('user', '-f', 'home', ANN)).trim()
    for (let at = 0; at < 10_000; at += 1)
      await mkdir(join(home, 'mail', `F${at}`, 'cur'), { recursive: true })
    const many = await openSession(accessTo(server), worldFor(server), never)
    onTestFinished(() => many.destroy())
    const { folders, truncated } = await listFolders(many, never)
    expect(folders).toHaveLength(10_000)
    expect(truncated).toBe(true)
    expect(folders[0]?.role).toBe('inbox')
  })
})
