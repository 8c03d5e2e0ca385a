"""literature"""

import sqlalchemy as sa
from alembic import op

revision = '0009'
down_revision = '0008'
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table('record_imports',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('sha256', sa.String(length=64), nullable=False),
    sa.Column('number', sa.Integer(), nullable=False),
    sa.Column('at', sa.DateTime(timezone=True), nullable=False),
    sa.CheckConstraint('length(sha256) = 64', name=op.f('ck_record_imports_sha256')),
    sa.CheckConstraint('number >= 0', name=op.f('ck_record_imports_number')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_record_imports')),
    sa.UniqueConstraint('sha256', name=op.f('uq_record_imports_sha256'))
    )
    op.create_table('topics',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('name_de', sa.String(length=80), nullable=False),
    sa.Column('name_en', sa.String(length=80), nullable=False),
    sa.CheckConstraint("name_de <> '' AND name_en <> ''", name=op.f('ck_topics_names')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_topics')),
    sa.UniqueConstraint('name_de', name=op.f('uq_topics_name_de')),
    sa.UniqueConstraint('name_en', name=op.f('uq_topics_name_en'))
    )
    op.create_table('records',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('state', sa.String(length=8), nullable=False),
    sa.Column('version', sa.Integer(), nullable=False),
    sa.Column('type', sa.String(length=24), nullable=False),
    sa.Column('title', sa.Text(), nullable=False),
    sa.Column('container_title', sa.Text(), nullable=False),
    sa.Column('collection_title', sa.Text(), nullable=False),
    sa.Column('volume', sa.String(length=60), nullable=False),
    sa.Column('issue', sa.String(length=60), nullable=False),
    sa.Column('page', sa.String(length=60), nullable=False),
    sa.Column('number', sa.String(length=60), nullable=False),
    sa.Column('edition', sa.String(length=60), nullable=False),
    sa.Column('genre', sa.String(length=120), nullable=False),
    sa.Column('publisher', sa.String(length=300), nullable=False),
    sa.Column('publisher_place', sa.String(length=120), nullable=False),
    sa.Column('year', sa.Integer(), nullable=True),
    sa.Column('month', sa.Integer(), nullable=True),
    sa.Column('day', sa.Integer(), nullable=True),
    sa.Column('doi', sa.String(length=200), nullable=False),
    sa.Column('doi_key', sa.String(length=200), nullable=True),
    sa.Column('url', sa.Text(), nullable=False),
    sa.Column('isbn', sa.String(length=60), nullable=False),
    sa.Column('issn', sa.String(length=60), nullable=False),
    sa.Column('language', sa.String(length=20), nullable=False),
    sa.Column('keywords', sa.Text(), nullable=False),
    sa.Column('open_access', sa.Boolean(), nullable=False),
    sa.Column('open_access_url', sa.Text(), nullable=False),
    sa.Column('words', sa.Text(), nullable=False),
    sa.Column('first_name', sa.Text(), nullable=False),
    sa.Column('seed', sa.String(length=60), nullable=True),
    sa.Column('import_id', sa.Integer(), nullable=True),
    sa.Column('created_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_at', sa.DateTime(timezone=True), nullable=False),
    sa.Column('changed_by_id', sa.Integer(), nullable=True),
    sa.CheckConstraint("(doi = '' AND doi_key IS NULL) OR (doi <> '' AND doi_key IS NOT NULL AND doi_key = lower(doi))", name=op.f('ck_records_doi')),
    sa.CheckConstraint("open_access OR open_access_url = ''", name=op.f('ck_records_open_access')),
    sa.CheckConstraint("state IN ('draft', 'public')", name=op.f('ck_records_state')),
    sa.CheckConstraint("title <> ''", name=op.f('ck_records_title')),
    sa.CheckConstraint("type IN ('article-journal', 'article-magazine', 'article-newspaper', 'book', 'chapter', 'paper-conference', 'report', 'thesis', 'webpage', 'document')", name=op.f('ck_records_type')),
    sa.CheckConstraint('day IS NULL OR (month IS NOT NULL AND day BETWEEN 1 AND 31)', name=op.f('ck_records_day')),
    sa.CheckConstraint('month IS NULL OR (year IS NOT NULL AND month BETWEEN 1 AND 12)', name=op.f('ck_records_month')),
    sa.CheckConstraint('version > 0', name=op.f('ck_records_version')),
    sa.ForeignKeyConstraint(['changed_by_id'], ['organisers.id'], name=op.f('fk_records_changed_by_id')),
    sa.ForeignKeyConstraint(['import_id'], ['record_imports.id'], name=op.f('fk_records_import_id')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_records')),
    sa.UniqueConstraint('doi_key', name=op.f('uq_records_doi_key')),
    sa.UniqueConstraint('seed', name=op.f('uq_records_seed')),
    sqlite_autoincrement=True,
    )
    with op.batch_alter_table('records', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_records_import_id'), ['import_id'], unique=False)
        batch_op.create_index('ix_records_state_year', ['state', 'year'], unique=False)

    op.create_table('record_abstracts',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('language', sa.String(length=2), nullable=False),
    sa.Column('wording', sa.String(length=12), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.CheckConstraint("language IN ('de', 'en')", name=op.f('ck_record_abstracts_language')),
    sa.CheckConstraint("text <> ''", name=op.f('ck_record_abstracts_text')),
    sa.CheckConstraint("wording IN ('portal', 'publisher')", name=op.f('ck_record_abstracts_wording')),
    sa.ForeignKeyConstraint(['record_id'], ['records.id'], name=op.f('fk_record_abstracts_record_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_record_abstracts')),
    sa.UniqueConstraint('record_id', 'language', name=op.f('uq_record_abstracts_record_id_language'))
    )
    op.create_table('record_names',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('role', sa.String(length=8), nullable=False),
    sa.Column('position', sa.Integer(), nullable=False),
    sa.Column('family', sa.String(length=200), nullable=False),
    sa.Column('given', sa.String(length=200), nullable=False),
    sa.Column('suffix', sa.String(length=60), nullable=False),
    sa.Column('literal', sa.String(length=300), nullable=False),
    sa.CheckConstraint("(literal <> '' AND family = '' AND given = '' AND suffix = '') OR (literal = '' AND family <> '' AND given <> '')", name=op.f('ck_record_names_name')),
    sa.CheckConstraint("role IN ('author', 'editor')", name=op.f('ck_record_names_role')),
    sa.CheckConstraint('position > 0', name=op.f('ck_record_names_position')),
    sa.ForeignKeyConstraint(['record_id'], ['records.id'], name=op.f('fk_record_names_record_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_record_names')),
    sa.UniqueConstraint('record_id', 'role', 'position', name=op.f('uq_record_names_record_id_role_position'))
    )
    op.create_table('record_topics',
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('topic_id', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['record_id'], ['records.id'], name=op.f('fk_record_topics_record_id'), ondelete='CASCADE'),
    sa.ForeignKeyConstraint(['topic_id'], ['topics.id'], name=op.f('fk_record_topics_topic_id'), ondelete='CASCADE'),
    sa.PrimaryKeyConstraint('record_id', 'topic_id', name=op.f('pk_record_topics'))
    )
    with op.batch_alter_table('record_topics', schema=None) as batch_op:
        batch_op.create_index(batch_op.f('ix_record_topics_topic_id'), ['topic_id'], unique=False)


def downgrade() -> None:
    with op.batch_alter_table('record_topics', schema=None) as batch_op:
        batch_op.drop_index(batch_op.f('ix_record_topics_topic_id'))

    op.drop_table('record_topics')
    op.drop_table('record_names')
    op.drop_table('record_abstracts')
    with op.batch_alter_table('records', schema=None) as batch_op:
        batch_op.drop_index('ix_records_state_year')
        batch_op.drop_index(batch_op.f('ix_records_import_id'))

    op.drop_table('records')
    op.drop_table('topics')
    op.drop_table('record_imports')