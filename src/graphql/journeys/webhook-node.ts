import { Extensions, Field, InputType, Int, ObjectType, registerEnumType } from 'type-graphql'
import { WEBHOOK_METHODS, type WebhookConfig } from '../../domain/journey/nodes/webhook.ts'
import type { Json } from '../../domain/json.ts'
import { enumOf } from '../enum-of.ts'
import { Node } from '../node.ts'
import { DurationScalar, JsonScalar } from '../scalars.ts'
import { JourneyNode, TypedNode } from './node-types.ts'

type Method = (typeof WEBHOOK_METHODS)[number]
const WebhookMethodEnum = enumOf(WEBHOOK_METHODS)
registerEnumType(WebhookMethodEnum, {
  name: 'WebhookMethod',
  description: 'How a URL is called.',
  valuesConfig: {
    GET: { description: 'Reads; has no body.' },
    POST: { description: 'Hands something over.' },
    PUT: { description: 'Puts something in its place.' },
    PATCH: { description: 'Changes something.' },
    DELETE: { description: 'Removes something.' },
  },
})

const URL_TEXT =
  'A Liquid template over `contact`, `event`, `vars`, `key` and `secrets`; what it puts in is URL-encoded. Scheme and host are written out, or are a secret the URL begins with.'
const JSON_TEXT =
  'Any JSON; each text in it is a Liquid template, and one that is a single `{{ … }}` becomes that value itself: a number, a list, an object.'
const SUCCESS_TEXT = 'Statuses that are success, such as `200`, `2xx` or `200-204`; any 2xx where left out.'
const FROM_TEXT = '`status`, `headers.etag` (in lower case), `body`, or a path into its JSON such as `body.items.0.id`.'

@InputType({ description: 'A header of a call.' })
export class WebhookHeaderInput {
  @Field(() => String, { description: 'Its name; not one that HTTP itself or the webhook’s own id needs.' })
  name!: string
  @Field(() => String, { description: 'A Liquid template.' })
  value!: string
}

@InputType({ description: 'What a call carries: exactly one member.' })
@Extensions({ oneOf: true })
export class WebhookBodyInput {
  @Field(() => JsonScalar, { nullable: true, description: JSON_TEXT })
  json?: Json
  @Field(() => String, { nullable: true, description: 'A Liquid template; `text/plain` unless a header says otherwise.' })
  text?: string
}

@InputType({ description: 'How often a call is made again: after no answer, and after 408, 425, 429 and 5xx.' })
export class WebhookRetriesInput {
  @Field(() => Int, { description: 'After the first time; 0 to 10.' })
  times!: number
  @Field(() => DurationScalar, {
    nullable: true,
    description: 'Before the first of them; a second where left out. Doubles each time, up to an hour.',
  })
  pause?: string | null
}

@InputType({ description: 'What to keep of an answer.' })
export class AnswerVariableInput {
  @Field(() => String, { description: 'The variable’s name; null is its value where the answer has no such thing.' })
  name!: string
  @Field(() => String, { description: FROM_TEXT })
  from!: string
}

@InputType({
  description:
    'Calls a URL at a public address, and waits for its answer. A call is made at least once: its header `webhook-id` is the same each time. Redirects are not followed.',
})
export class WebhookNodeInput {
  @Field(() => WebhookMethodEnum, { description: 'How it is called.' })
  method!: Method
  @Field(() => String, { description: URL_TEXT })
  url!: string
  @Field(() => [WebhookHeaderInput], { nullable: true, description: 'At most 30.' })
  headers?: WebhookHeaderInput[] | null
  @Field(() => WebhookBodyInput, { nullable: true, description: 'Not with GET.' })
  body?: WebhookBodyInput | null
  @Field(() => DurationScalar, { nullable: true, description: 'For one request; 10 seconds where left out, 30 at most.' })
  timeout?: string | null
  @Field(() => WebhookRetriesInput, { nullable: true, description: 'None where left out.' })
  retries?: WebhookRetriesInput | null
  @Field(() => [String], { nullable: true, description: SUCCESS_TEXT })
  success?: string[] | null
  @Field(() => [AnswerVariableInput], { nullable: true, description: 'Variables of the enrollment to set; at most 50, and 16 KiB.' })
  variables?: AnswerVariableInput[] | null
}

@ObjectType({ description: 'A header of a call.' })
export class WebhookHeader {
  @Field(() => String, { description: 'Its name.' })
  name!: string
  @Field(() => String, { description: 'A Liquid template.' })
  value!: string
}

@ObjectType({ description: 'What a call carries.' })
export class WebhookBody {
  @Field(() => JsonScalar, { nullable: true, description: JSON_TEXT })
  json?: Json
  @Field(() => String, { nullable: true, description: 'A Liquid template.' })
  text?: string
}

@ObjectType({ description: 'How often a call is made again.' })
export class WebhookRetries {
  @Field(() => Int, { description: 'After the first time.' })
  times!: number
  @Field(() => DurationScalar, { nullable: true, description: 'Before the first of them; a second where null.' })
  pause?: string | null
}

@ObjectType({ description: 'What is kept of an answer.' })
export class AnswerVariable {
  @Field(() => String, { description: 'The variable’s name.' })
  name!: string
  @Field(() => String, { nullable: true, description: FROM_TEXT })
  from?: string
}

@ObjectType({ implements: [JourneyNode, Node], description: 'Calls a URL, and keeps what it is to keep of the answer.' })
export class WebhookNode extends TypedNode<WebhookConfig> {
  @Field(() => WebhookMethodEnum, { nullable: true, description: 'How it is called.' })
  get method(): Method | null {
    return this.settings.method ?? null
  }
  @Field(() => String, { nullable: true, description: URL_TEXT })
  get url(): string | null {
    return this.settings.url ?? null
  }
  @Field(() => [WebhookHeader], { nullable: true, description: 'Templates, not what they render to.' })
  get headers(): WebhookHeader[] | null {
    return this.settings.headers ?? null
  }
  @Field(() => WebhookBody, { nullable: true, description: 'null: none.' })
  get body(): WebhookBody | null {
    return this.settings.body ?? null
  }
  @Field(() => DurationScalar, { nullable: true, description: 'For one request; 10 seconds where null.' })
  get timeout(): string | null {
    return this.settings.timeout ?? null
  }
  @Field(() => WebhookRetries, { nullable: true, description: 'null: none.' })
  get retries(): WebhookRetries | null {
    return this.settings.retries ?? null
  }
  @Field(() => [String], { nullable: true, description: SUCCESS_TEXT })
  get success(): string[] | null {
    return this.settings.success ?? null
  }
  @Field(() => [AnswerVariable], { nullable: true, description: 'Variables of the enrollment that are set.' })
  get variables(): AnswerVariable[] | null {
    return this.settings.variables ?? null
  }
}
