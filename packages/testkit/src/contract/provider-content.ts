import { expect, test } from 'vitest'
import { kindOf } from './provider-failures.ts'
import { DOT_GIF, REPORT, sampleMail } from './provider-sample.ts'
import { never, type Stage } from './provider-stage.ts'

export function contentContract(stage: Stage): void {
  const { message } = stage

  test('are read one by one', async () => {
    const account = await stage.newAccount()
    const id = await account.deliver(sampleMail({ text: 'An opened letter.', parts: true }))
    expect((await stage.port.body(account.conn, id, never)).html).toContain('An opened letter.')
    const { attachments } = await message(account, id)
    const bytes = await Promise.all(
      attachments.map(part => stage.port.attachment(account.conn, id, part.partId, never)),
    )
    expect(Buffer.from(bytes[0] ?? []).toString('base64')).toBe(DOT_GIF)
    expect(Buffer.from(bytes[1] ?? []).toString()).toBe(REPORT)
  })

  test('of what is gone, and parts that never were, throw not_found', async () => {
    const account = await stage.newAccount()
    const id = await account.deliver(sampleMail({ parts: true }))
    expect(await kindOf(stage.port.attachment(account.conn, id, '9.9.9', never))).toBe('not_found')
    await account.delete(id)
    expect(await kindOf(stage.port.body(account.conn, id, never))).toBe('not_found')
    expect(await kindOf(stage.port.attachment(account.conn, id, '1', never))).toBe('not_found')
  })
}
