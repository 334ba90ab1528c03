import { ApiProperty } from '@nestjs/swagger';

/** Confirms that an operation was done. */
export class MessageDto {
  @ApiProperty({ example: 'Audio file deleted successfully', maxLength: 256 })
  readonly message: string;
}
