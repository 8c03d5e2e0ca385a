"""Legal holds."""

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from portal.database import Base


class LegalHold(Base):
    """One row of another table that must be kept for a legal claim (GDPR Art. 17(3)(e)), whatever its owner asks."""

    __tablename__ = "legal_holds"
    __table_args__ = (UniqueConstraint("table_name", "row_id"), {"info": {"personal": False}})

    id: Mapped[int] = mapped_column(primary_key=True)
    table_name: Mapped[str] = mapped_column(String(64))
    row_id: Mapped[int]
    reason: Mapped[str] = mapped_column(String(200))
    placed_at: Mapped[datetime]
