import { ServerFields } from './server-fields.tsx'
import type { useImapForm } from './use-imap-form.ts'

export function SendingFields({ form, plain }: { form: ReturnType<typeof useImapForm>; plain: boolean }) {
  const { draft, problem } = form
  const sends = (
    <label className="mb-3 flex w-fit items-center gap-2.5">
      <input
        type="checkbox"
        checked={draft.sends}
        onChange={event => form.change({ sends: event.target.checked })}
        className="accent-accent"
      />
      Send mail from this address, too
    </label>
  )
  if (!draft.sends)
    return (
      <fieldset>
        <legend className="mb-2 font-semibold">Sending (SMTP)</legend>
        {sends}
      </fieldset>
    )
  return (
    <ServerFields
      protocol="smtp"
      legend="Sending (SMTP)"
      server={draft.smtp}
      plain={plain}
      problem={problem}
      onChange={smtp => form.change({ smtp })}
    >
      {sends}
    </ServerFields>
  )
}
