import { ApiProperty } from '@nestjs/swagger';

/** Says that it is done. */
export class MessageDto {
  @ApiProperty({ example: 'Audio file deleted successfully', maxLength: 256 })
  readonly message: string;
}
