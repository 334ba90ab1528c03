import {
  BatchGetCommand,
  type BatchGetCommandInput,
  BatchWriteCommand,
  type BatchWriteCommandInput,
  DeleteCommand,
  type DeleteCommandInput,
  type DynamoDBDocumentClient,
  GetCommand,
  type GetCommandInput,
  type GetCommandOutput,
  PutCommand,
  type PutCommandInput,
  QueryCommand,
  type QueryCommandInput,
  TransactWriteCommand,
  type TransactWriteCommandInput,
  UpdateCommand,
  type UpdateCommandInput,
} from '@aws-sdk/lib-dynamodb';
import { withDeadline } from '../common/deadline.js';
import { currentRequest } from '../common/request-context.js';
import { NoAnswerError, translateDatabaseError } from './database-errors.js';

type MetadataBearer = Pick<GetCommandOutput, '$metadata'>;

/**
 * The way of every call to DynamoDB: with a deadline that throws, and with errors translated.
 *
 * One HTTP request may spend `budgetMs` on the database, all its calls together, so that three slow calls in a row
 * cannot take three times as long as one.
 *
 * Every method throws `UnavailableError` when the database cannot serve now or the budget is spent, and the SDK's own
 * error in every other case, a failed condition among them.
 */
export class Database {
  constructor(
    private readonly client: DynamoDBDocumentClient,
    private readonly budgetMs: number,
  ) {}

  get(input: GetCommandInput) {
    return this.run((abortSignal) => this.client.send(new GetCommand(input), { abortSignal }));
  }

  query(input: QueryCommandInput) {
    return this.run((abortSignal) => this.client.send(new QueryCommand(input), { abortSignal }));
  }

  put(input: PutCommandInput) {
    return this.run((abortSignal) => this.client.send(new PutCommand(input), { abortSignal }));
  }

  update(input: UpdateCommandInput) {
    return this.run((abortSignal) => this.client.send(new UpdateCommand(input), { abortSignal }));
  }

  batchWrite(input: BatchWriteCommandInput) {
    return this.run((abortSignal) => this.client.send(new BatchWriteCommand(input), { abortSignal }));
  }

  batchGet(input: BatchGetCommandInput) {
    return this.run((abortSignal) => this.client.send(new BatchGetCommand(input), { abortSignal }));
  }

  delete(input: DeleteCommandInput) {
    return this.run((abortSignal) => this.client.send(new DeleteCommand(input), { abortSignal }));
  }

  transactWrite(input: TransactWriteCommandInput) {
    return this.run((abortSignal) => this.client.send(new TransactWriteCommand(input), { abortSignal }));
  }

  private async run<Output extends MetadataBearer>(
    call: (signal: AbortSignal) => Promise<Output>,
  ): Promise<Output> {
    const time = currentRequest()?.databaseTime;
    const milliseconds = Math.max(0, this.budgetMs - (time?.spentMs ?? 0));
    time?.begin();
    try {
      const output = await withDeadline('the database', milliseconds, call);
      // The SDK reads an empty 200, as something between here and AWS may send, as an answer with nothing in it.
      if (output.$metadata.requestId === undefined) throw new NoAnswerError();
      return output;
    } catch (error) {
      throw translateDatabaseError(error);
    } finally {
      time?.end();
    }
  }
}
