import { fakeServer } from './imap-fake-server.ts'

export type SmtpMail = { from: string; to: string[]; data: Buffer }

export type SmtpScript = {
  /** Answers to a whole line; null: the usual one. `cut` closes the connection, `reset` as a crash does, `silent` says nothing. */
  answer?: (line: string) => string | 'cut' | 'reset' | 'silent' | null
  /** What follows the message; the mail was taken before `cut` and `silent`. */
  afterData?: string | 'cut' | 'silent'
  password?: string
}

/** An SMTP server in as many lines as a test needs: AUTH PLAIN, one message a transaction, no TLS. */
export async function fakeSmtp(script: SmtpScript = {}) {
  const mails: SmtpMail[] = []
  const lines: string[] = []
  const { port, connections } = await fakeServer(socket => {
    let text = Buffer.alloc(0)
    let mail: SmtpMail | null = null
    let mode: 'lines' | 'data' = 'lines'
    const say = (line: string) => {
      if (line === 'cut') socket.destroy()
      else if (line === 'reset') socket.resetAndDestroy()
      else if (line !== 'silent') socket.write(`${line}\r\n`)
    }
    const usual = (line: string): string => {
      const [, address = ''] = /<([^>]*)>/.exec(line) ?? []
      if (/^EHLO/i.test(line)) return '250-fake\r\n250-SIZE 1000000\r\n250-8BITMIME\r\n250 AUTH PLAIN'
      if (/^AUTH PLAIN/i.test(line)) {
        const [, , password] = Buffer.from(line.split(' ')[2] ?? '', 'base64')
          .toString()
          .split('\0')
        return password === (script.password ?? 'p') ? '235 fine' : '535 5.7.8 Authentication failed'
      }
      if (/^MAIL FROM/i.test(line)) mail = { from: address, to: [], data: Buffer.alloc(0) }
      if (/^RCPT TO/i.test(line)) mail?.to.push(address)
      if (/^DATA/i.test(line)) {
        mode = 'data'
        return '354 go'
      }
      return '250 fine'
    }
    socket.write('220 fake ESMTP\r\n')
    socket.on('data', chunk => {
      text = Buffer.concat([text, chunk])
      for (;;) {
        const end = mode === 'data' ? text.indexOf('\r\n.\r\n') : text.indexOf('\r\n')
        if (end < 0) return
        if (mode === 'data') {
          if (mail) mails.push({ ...mail, data: Buffer.from(text.subarray(0, end + 2)) })
          text = text.subarray(end + 5)
          mode = 'lines'
          say(script.afterData ?? '250 taken')
          continue
        }
        const line = text.subarray(0, end).toString()
        text = text.subarray(end + 2)
        lines.push(line)
        say(script.answer?.(line) ?? usual(line))
      }
    })
  })
  return { port, connections, mails, lines }
}
